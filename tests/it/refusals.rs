//! The HINT of a refusal, taken at its word: its command is run as it stands, and then the
//! statement itself passes; or it says that nothing makes it pass.

use std::process::Command;
use std::time::Duration;

use crate::support::clients;
use crate::support::gate::{Gate, Grant, Options};
use crate::support::pg;

/// Statements, and how they are sent again where the HINT asks for another spelling.
const MENDED: &[(&str, &str)] = &[
    ("SELECT * FROM orders LIMIT 1 FOR UPDATE", ""),
    ("SELECT 1 FROM orders o JOIN accounts a ON a.id = o.account_id LIMIT 1 FOR SHARE", ""),
    ("SELECT 1 FROM sales.leads l, victim v FOR NO KEY UPDATE OF l, v", ""),
    ("BEGIN; LOCK TABLE accounts; COMMIT", ""),
    (
        "BEGIN; LOCK leads IN ROW SHARE MODE; COMMIT",
        "BEGIN; LOCK sales.leads IN ROW SHARE MODE; COMMIT",
    ),
    ("VACUUM orders", ""),
    ("VACUUM (ANALYZE) leads, accounts", "VACUUM (ANALYZE) sales.leads, accounts"),
    ("ANALYZE orders (note)", ""),
    ("REINDEX INDEX orders_status", ""),
    ("REINDEX TABLE sales.leads", ""),
    ("REFRESH MATERIALIZED VIEW totals", ""),
    ("VACUUM", "<example>"),
    ("ANALYZE", "<example>"),
    ("UPDATE orders SET note = note WHERE id = 1", ""),
    ("INSERT INTO victim VALUES (1)", ""),
    ("COPY (DELETE FROM victim WHERE id = 1 RETURNING id) TO STDOUT", ""),
    (
        "WITH gone AS (DELETE FROM victim WHERE id = 1 RETURNING id) INSERT INTO sales.orders SELECT id, 'x' FROM gone",
        "",
    ),
    (
        "MERGE INTO sales.orders s USING orders o ON s.id = o.id WHEN MATCHED AND s.id = 1 THEN UPDATE SET note = 'm' WHEN NOT MATCHED AND false THEN INSERT VALUES (0, '')",
        "",
    ),
    ("TRUNCATE victim, sales.leads", ""),
    ("SELECT nextval('public.tickets')", ""),
    ("SELECT pg_export_snapshot()", ""),
    ("SELECT public.write_as_owner()", ""),
    ("CREATE TABLE fresh (a int)", "CREATE TABLE public.fresh (a int)"),
    ("CREATE TABLE sales.fresh AS SELECT 1 AS a", ""),
    ("CREATE INDEX ON leads (name)", "CREATE INDEX ON sales.leads (name)"),
    ("ALTER TABLE accounts ADD more int", "ALTER TABLE public.accounts ADD more int"),
    ("COMMENT ON TABLE sales.leads IS 'x'", ""),
    ("DROP TABLE victim", "DROP TABLE public.victim"),
];

/// What nothing mends, and what its HINT says.
const NEVER: &[(&str, &str)] = &[
    ("SELECT * FROM open_orders FOR UPDATE", "no scope permits it"),
    ("UPDATE open_orders SET amount = 1 WHERE id = 1", "No scope permits it"),
    ("LOCK TABLE open_orders", "no scope permits more"),
    ("DELETE FROM pg_class", "No scope permits it"),
    ("VACUUM open_orders", "Name a table"),
    ("CREATE TEMP TABLE t (a int)", "Nothing temporary can be made"),
    ("CREATE TABLE nowhere.t (a int)", "Check its name"),
    ("CREATE ROLE x", "Ask a DBA"),
    ("ALTER SYSTEM SET work_mem = '1GB'", "ask a DBA"),
    ("DO $$ BEGIN END $$", "Send the statements themselves"),
    ("NOTIFY x", "use a connection of the application"),
    ("SET ROLE boss", "No grant allows it"),
    ("SET log_statement = 'all'", "no scope changes that"),
    ("PREPARE TRANSACTION 'x'", "Use COMMIT"),
    ("COPY orders TO '/tmp/x'", "Use COPY … TO STDOUT"),
    ("SELECT query_to_xml('select 1', true, true, '')", "No grant allows it"),
];

/// On a grant that may read accounts only.
const NARROWED: &[&str] = &[
    "SELECT count(*) FROM sales.leads",
    "SELECT count(*) FROM orders",
    "SELECT count(*) FROM accounts a JOIN public.orders o ON a.id = o.account_id, victim",
    "SELECT count(*) FROM open_orders",
    "SELECT public.order_total(1)",
    "COPY victim TO STDOUT",
];

/// The command in a HINT, as a shell takes it.
fn command(hint: &str) -> Option<&str> {
    let at = hint.find("pgward grant extend ")?;
    hint[at..].split("; or").next()
}

/// Pastes a command into a shell.
fn paste(gate: &Gate, line: &str) {
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_pgward")).parent().unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).current_dir(gate.directory.path());
    shell.env("PATH", format!("{}:{path}", binary.display()));
    shell.env("PGWARD_CONFIG", gate.path("proxy.toml"));
    clients::run(&mut shell, "", Duration::from_secs(60)).expect(line);
}

#[test]
fn the_command_of_the_hint_makes_the_statement_pass() {
    let options = Options { limits: "max_rows_written = 0".into(), ..Options::superuser() };
    let gate = Gate::with(pg::distribution(), &options);
    for sql in NARROWED {
        let grant = gate.grant(&["--scope", "select:public.accounts"]);
        mended(&gate, &grant, sql, "");
    }
    for (sql, again) in MENDED {
        let grant = gate.read_grant();
        mended(&gate, &grant, sql, again);
    }
}

/// Follows the HINT.
fn mended(gate: &Gate, grant: &Grant, sql: &str, again: &str) {
    let refused = gate.session(grant).query(sql);
    let error = refused.errors.first().unwrap_or_else(|| panic!("{sql} passes"));
    assert!(error.message().starts_with("pgward: "), "{sql}: {error:?}");
    let line = command(error.hint()).unwrap_or_else(|| panic!("{sql}: {error:?}"));
    paste(gate, line);
    let example = error.hint().split(", after:").next().unwrap();
    let again = match again {
        "" => sql,
        "<example>" => example.split("as in ").nth(1).unwrap(),
        other => other,
    };
    let reply = gate.session(grant).query(again);
    assert!(reply.errors.is_empty(), "{sql}: {} -> {:?}", error.hint(), reply.errors);
}

#[test]
fn the_hint_says_when_nothing_makes_the_statement_pass() {
    let gate = Gate::with(pg::distribution(), &Options::superuser());
    for grant in [gate.read_grant(), gate.write_grant(&["insert:public.victim", "ddl:sales"])] {
        for (sql, words) in NEVER {
            let reply = gate.session(&grant).query(sql);
            let error = reply.errors.first().unwrap_or_else(|| panic!("{sql} passes"));
            assert!(error.message().starts_with("pgward: "), "{sql}: {error:?}");
            assert!(error.hint().contains(words), "{sql}: {error:?}");
            assert_eq!(command(error.hint()), None, "{sql}");
        }
    }
}
