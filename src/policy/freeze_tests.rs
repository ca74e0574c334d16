//! The session freeze: which settings a client may change, in every way there is.

use super::tests::{judge_with, read_terms, refused, write_terms};

/// A text, and whether it passes on a read grant and on one with scopes.
const CASES: &[(&str, bool, bool)] = &[
    // What drivers, poolers, tools and ORMs send.
    ("SET default_transaction_read_only TO on", true, true),
    ("SET default_transaction_read_only TO 'on'", true, true),
    ("SELECT pg_catalog.set_config('jit', 'off', false)", true, true),
    ("SELECT pg_catalog.set_config('search_path', '', false)", true, true),
    ("SELECT pg_catalog.set_config('search_path', 'sales', false)", true, false),
    (
        "SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings \
         WHERE name = 'restrict_nonsystem_relation_kind'",
        true,
        true,
    ),
    ("LOCK TABLE public.orders IN ACCESS SHARE MODE", true, true),
    ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", true, true),
    ("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", true, true),
    ("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", true, true),
    ("START TRANSACTION READ ONLY; COMMIT AND CHAIN", true, true),
    ("RESET ALL", true, true),
    ("DISCARD ALL", true, true),
    ("RESET statement_timeout", true, true),
    ("RESET search_path", true, true),
    ("RESET default_transaction_read_only", true, true),
    ("SET extra_float_digits = 3", true, true),
    ("SET application_name = 'x'", true, true),
    ("SET client_encoding TO 'UTF8'", true, true),
    ("SET NAMES 'utf-8'", true, true),
    ("SET TIME ZONE 'UTC'", true, true),
    ("SET DateStyle TO 'ISO'", true, true),
    ("SET standard_conforming_strings TO on", true, true),
    ("SET statement_timeout = '1min'", true, true),
    ("SET LOCAL lock_timeout = '1s'", true, true),
    ("SET row_security = off", true, true),
    ("SET search_path TO public, pg_catalog", true, false),
    ("SET enable_seqscan = off", true, true),
    ("SET work_mem = '64MB'", true, true),
    ("SET SESSION statement_timeout TO 1000", true, true),
    ("UNLISTEN *", true, true),
    ("CLOSE ALL", true, true),
    ("SHOW pgward.scopes", true, true),
    ("SHOW ALL", true, true),
    ("SELECT current_setting('pgward.grant_id')", true, true),
    // Who the session is.
    ("SET ROLE boss", false, false),
    ("SET LOCAL ROLE boss", false, false),
    ("SET ROLE NONE", false, false),
    ("RESET ROLE", true, true),
    ("SET SESSION AUTHORIZATION boss", false, false),
    ("RESET SESSION AUTHORIZATION", true, true),
    ("SELECT set_config('role', 'boss', false)", false, false),
    ("SET \"role\" = 'boss'", false, false),
    ("SET \"ROLE\" = 'boss'", false, false),
    ("SELECT set_config('session_authorization', 'boss', true)", false, false),
    // Read-only, off.
    ("SET default_transaction_read_only = off", false, true),
    ("SET transaction_read_only = off", false, true),
    ("SET SESSION default_transaction_read_only TO 0", false, true),
    ("SET TRANSACTION READ WRITE", false, true),
    ("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE", false, true),
    ("BEGIN READ WRITE", false, true),
    ("START TRANSACTION READ ONLY, READ WRITE", false, true),
    ("RESET transaction_read_only", false, true),
    ("SELECT set_config('transaction_read_only', 'off', false)", false, true),
    ("SELECT set_config('default_transaction_read_only', 'f', true)", false, true),
    ("SELECT set_config(VARIADIC ARRAY['transaction_read_only', 'off', 'f'])", false, false),
    ("SELECT set_config('transaction_' || 'read_only', 'off', false)", false, false),
    ("SELECT set_config(name, 'off', false) FROM pg_settings", false, false),
    (
        "SELECT set_config(name, 'off', false) FROM pg_settings \
         WHERE name = 'jit' OR name = 'transaction_read_only'",
        false,
        false,
    ),
    (
        "SELECT set_config(setting_name => 'role', new_value => 'boss', is_local => false)",
        false,
        false,
    ),
    ("UPDATE pg_catalog.pg_settings SET setting = 'off' WHERE name = 'jit'", false, false),
    // How texts are read.
    ("SET standard_conforming_strings = off", false, false),
    ("SET client_encoding = 'SJIS'", false, false),
    ("SET NAMES 'BIG5'", false, false),
    ("SET backslash_quote = on", false, false),
    // What the server's side rests on.
    ("SET statement_timeout = 0; SELECT 1", false, false),
    ("SELECT set_config('statement_timeout', '0', false)", false, false),
    ("SET client_connection_check_interval = 0", false, false),
    ("SET tcp_keepalives_idle = 0", false, false),
    ("SET pgward.scopes = 'update:public.orders'", false, false),
    ("SET LOCAL pgward.grant_id = 'g_0000000000'", false, false),
    ("SELECT set_config('pgward.expires_at', 'never', false)", false, false),
    ("SET session_replication_role = replica", false, false),
    ("SET session_preload_libraries = 'x'", false, false),
    ("SET local_preload_libraries = 'x'", false, false),
    ("SET dynamic_library_path = '/tmp'", false, false),
    ("SET log_statement = 'none'", false, false),
    ("SET synchronous_commit = off", true, false),
    ("SET event_triggers = off", false, false),
    ("SET allow_system_table_mods = on", false, false),
    ("SET zero_damaged_pages = on", false, false),
    ("SET ignore_checksum_failure = on", false, false),
    ("SET plpgsql.variable_conflict = error", false, false),
    ("SET app.tenant = '7'", false, false),
    ("SELECT set_config('app.tenant', $1, true)", false, false),
    ("SET plv8.start_proc = 'f'", false, false),
    ("ALTER SYSTEM SET jit = off", false, false),
    ("ALTER ROLE boss SET jit = off", false, false),
    ("ALTER DATABASE app SET jit = off", false, false),
];

#[test]
fn the_session_keeps_what_its_safety_rests_on() {
    let mut judge = judge_with(true);
    let (read, write) = (read_terms(), write_terms(&[]));
    let mut wrong = Vec::new();
    for (text, on_read, on_write) in CASES {
        for (terms, passes, kind) in [(&read, on_read, "read"), (&write, on_write, "write")] {
            let found = refused(&mut judge, text, terms);
            let unread = found.as_ref().is_some_and(|found| found.0 == "unreadable");
            if found.is_none() != *passes || unread {
                wrong.push(format!("{kind}: {text}: {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
