//! Read-only holds, shown by what remains in the server, and each refusal is pgward's own. The
//! single tricks are files (`tests/readonly_corpus`); these are families in one session.

use crate::support::gate::{Gate, Options};
use crate::support::message as m;
use crate::support::on_each_server;
use crate::support::wire::Wire;

const INSERT: &str = "INSERT INTO public.victim VALUES (1)";

on_each_server! {
    fn side_effects_of_an_unprivileged_role_are_refused(pg) {
        let gate = Gate::new(pg);
        let grant = gate.read_grant();
        let mut admin = pg.admin(&gate.database);
        let mut other = pg.direct(&gate.database);
        let other_pid = other.query("SELECT pg_backend_pid()").value();
        let statements = [
            "SELECT lo_create(4242)".to_owned(),
            "SELECT lo_from_bytea(4243, 'x')".to_owned(),
            "SELECT pg_logical_emit_message(false, 'x', 'y')".to_owned(),
            "SELECT txid_current()".to_owned(),
            "SELECT pg_current_xact_id()".to_owned(),
            "NOTIFY channel, 'x'".to_owned(),
            "SELECT pg_notify('channel', 'x')".to_owned(),
            "LISTEN channel".to_owned(),
            "SELECT pg_advisory_lock(1)".to_owned(),
            "SELECT pg_try_advisory_lock(1)".to_owned(),
            "SELECT pg_advisory_xact_lock_shared(1)".to_owned(),
            "BEGIN; SELECT pg_export_snapshot()".to_owned(),
            format!("SELECT pg_terminate_backend({other_pid})"),
            format!("SELECT pg_cancel_backend({other_pid})"),
            "PREPARE w AS INSERT INTO public.victim VALUES (1)".to_owned(),
            "DO $$ BEGIN END $$".to_owned(),
            "LOCK TABLE orders IN ACCESS EXCLUSIVE MODE".to_owned(),
            "SELECT * FROM orders FOR UPDATE".to_owned(),
            "SELECT * FROM orders FOR KEY SHARE".to_owned(),
            "SELECT nextval('tickets')".to_owned(),
            "SELECT setval('tickets', 9)".to_owned(),
            "SELECT query_to_xml('SELECT 1', true, true, '')".to_owned(),
            "SELECT pg_import_system_collations('public')".to_owned(),
            "SELECT pg_stat_reset()".to_owned(),
        ];
        for sql in &statements {
            for extended in [false, true] {
                let mut session = gate.session(&grant);
                let reply = if extended { session.extended(sql, &[]) } else { session.query(sql) };
                if extended && sql.contains(';') {
                    continue;
                }
                assert_eq!(reply.errors.len(), 1, "{sql}: {reply:?}");
                assert!(reply.errors[0].message().starts_with("pgward: "), "{sql}: {reply:?}");
            }
        }
        let count = |admin: &mut Wire, what: &str| admin.query(&format!("SELECT count(*) FROM {what}")).value();
        assert_eq!(count(&mut admin, "pg_largeobject_metadata"), "0");
        assert_eq!(count(&mut admin, "pg_locks WHERE locktype = 'advisory'"), "0");
        assert_eq!(admin.query("SELECT is_called FROM tickets").value(), "f");
        assert_eq!(other.query("SELECT 'alive'").value(), "alive");
    }

    fn a_superuser_upstream_gives_no_more(pg) {
        let gate = Gate::with(pg, &Options::superuser());
        let grant = gate.read_grant();
        let file = std::env::temp_dir().join(format!("pgward-effect-{}", gate.port));
        let path = file.display();
        let statements = [
            format!("COPY (SELECT 1) TO '{path}'"),
            format!("COPY (SELECT 1) TO PROGRAM 'touch {path}'"),
            format!("COPY public.victim FROM PROGRAM 'echo 1; touch {path}'"),
            "COPY public.victim FROM '/etc/hostname'".to_owned(),
            "ALTER SYSTEM SET work_mem = '5MB'".to_owned(),
            "LOAD 'auto_explain'".to_owned(),
            "CHECKPOINT".to_owned(),
            "REINDEX TABLE public.orders".to_owned(),
            "VACUUM public.orders".to_owned(),
            "ANALYZE public.orders".to_owned(),
            "CLUSTER".to_owned(),
            "REFRESH MATERIALIZED VIEW public.totals".to_owned(),
            "SELECT pg_read_file('/etc/passwd')".to_owned(),
            "SELECT * FROM pg_ls_dir('/')".to_owned(),
            "SELECT pg_stat_file('/etc/passwd')".to_owned(),
            "SELECT lo_import('/etc/passwd')".to_owned(),
            format!("SELECT lo_export(1, '{path}')"),
            "SELECT pg_create_logical_replication_slot('s', 'test_decoding')".to_owned(),
            "SELECT pg_create_physical_replication_slot('s')".to_owned(),
            "SELECT pg_reload_conf()".to_owned(),
            "SELECT pg_rotate_logfile()".to_owned(),
            "SELECT pg_switch_wal()".to_owned(),
            "SELECT pg_stat_reset()".to_owned(),
            "SELECT pg_backup_start('x')".to_owned(),
            "CREATE EXTENSION dblink".to_owned(),
            "CREATE ROLE intruder SUPERUSER".to_owned(),
            "ALTER ROLE boss PASSWORD 'x'".to_owned(),
            "COMMENT ON TABLE public.orders IS 'x'".to_owned(),
            "PREPARE TRANSACTION 'x'".to_owned(),
            "SECURITY LABEL ON TABLE public.orders IS NULL".to_owned(),
        ];
        for sql in &statements {
            let mut session = gate.session(&grant);
            for extended in [false, true] {
                let reply = if extended { session.extended(sql, &[]) } else { session.query(sql) };
                assert_eq!(reply.errors.len(), 1, "{sql}: {reply:?}");
                assert!(reply.errors[0].message().starts_with("pgward: "), "{sql}: {reply:?}");
            }
        }
        assert!(!file.exists(), "{path} was written");
        let mut admin = pg.admin(&gate.database);
        let mut count = |what: &str| admin.query(&format!("SELECT count(*) FROM {what}")).value();
        assert_eq!(count("pg_replication_slots"), "0");
        assert_eq!(count("pg_roles WHERE rolname = 'intruder'"), "0");
        assert_eq!(count("pg_extension WHERE extname = 'dblink'"), "0");
        assert_eq!(count("pg_largeobject_metadata"), "0");
        assert_eq!(count("pg_settings WHERE name = 'work_mem' AND sourcefile LIKE '%auto.conf'"), "0");
    }

    fn dblink_does_not_lead_out(pg) {
        let database = pg.database();
        crate::support::pg::run(&mut pg.admin(&database), "CREATE EXTENSION dblink");
        let gate = Gate::before(pg, &database, &Options::superuser());
        let mut session = gate.session(&gate.read_grant());
        let connection = format!("host=127.0.0.1 port={} user=postgres dbname={database}", pg.port());
        for sql in [
            format!("SELECT dblink_exec('{connection}', '{INSERT}')"),
            format!("SELECT * FROM dblink('{connection}', '{INSERT} RETURNING 1') AS t(a int)"),
            format!("SELECT dblink_connect('c', '{connection}')"),
        ] {
            assert_eq!(session.query(&sql).errors.len(), 1, "{sql}");
            assert_eq!(session.extended(&sql, &[]).errors.len(), 1, "{sql}");
        }
        assert_eq!(pg.victims(&database), "0");
    }

    fn lexing_tricks_do_not_change_the_verdict(pg) {
        let gate = Gate::with(pg, &Options::superuser());
        let grant = gate.read_grant();
        let texts = [
            "SELECT 1 /* /* */ */; INSERT INTO public.victim VALUES (1)",
            "SELECT '\\'; INSERT INTO public.victim VALUES (1); --'",
            "SELECT E'\\'; INSERT INTO public.victim VALUES (1); --'",
            "SELECT 1 -- \r; INSERT INTO public.victim VALUES (1)",
            "SELECT $a$ $b$ $a$; INSERT INTO public.victim VALUES (1)",
            "SELECT U&\"\\0077rite_as_owner\"()",
            "SELECT \"public\".\"write_as_owner\"()",
            "SELECT PUBLIC.Write_As_Owner()",
            "\u{feff}INSERT INTO public.victim VALUES (1)",
            "INSERT\u{a0}INTO public.victim VALUES (1)",
            "set standard_conforming_strings = off",
            "set backslash_quote = on",
            "set client_encoding = 'SJIS'",
            "SET NAMES 'GBK'",
        ];
        for text in texts {
            let mut session = gate.session(&grant);
            session.query(text);
            session.extended(text, &[]);
            session.query("SELECT '\\'; INSERT INTO public.victim VALUES (1); --'");
            assert_eq!(pg.victims(&gate.database), "0", "after {text}");
        }
        let mut session = gate.session(&grant);
        session.send(&m::raw(b'Q', b"SELECT '\xff\xfe'\0"));
        let reply = session.reply();
        assert_eq!(reply.code(), "22021", "{reply:?}");
        assert_eq!(session.query("SELECT 1").value(), "1");
    }
}
