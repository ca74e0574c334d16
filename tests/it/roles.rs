//! One upstream role per set of scopes: PostgreSQL's own rights hold a session to its grant, seen
//! on direct connections as these roles, where nothing of pgward is in the way.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::support::gate::{Gate, Grant, Options, prepare, program};
use crate::support::pg::{self, PASSWORD, Pg, run};
use crate::support::wire::Wire;
use crate::support::{clients, eventually, on_each_server};

/// Generous: a sweep is due every five seconds.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// A SCRAM verifier that is one by its form.
const VERIFIER: &str = "SCRAM-SHA-256$4096:AAAAAAAAAAAAAAAAAAAAAA==\
    $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

pub(crate) fn options() -> Options {
    Options {
        reader: "scoped_reader".into(),
        writer: String::new(),
        control: "scoped_control".into(),
        ..Options::default()
    }
}

/// The roles and functions of `config setup-sql`, as printed, by psql, twice.
pub(crate) fn set_up(pg: &Pg, database: &str, options: &Options) {
    static ROLES_ARE_THE_CLUSTERS: Mutex<()> = Mutex::new(());
    let _one = ROLES_ARE_THE_CLUSTERS.lock().unwrap_or_else(PoisonError::into_inner);
    let (directory, ..) = prepare(pg, database, options);
    let mut printing = program(&["config", "setup-sql"], &directory.path().join("proxy.toml"));
    let sql = clients::run(&mut printing, "", SOON).expect("setup-sql");
    for _ in 0..2 {
        let mut psql = std::process::Command::new("psql");
        psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", "postgres"]);
        psql.args(["-p", &pg.port().to_string(), "-d", database]);
        clients::run(&mut psql, &sql, SOON).expect("psql");
    }
    let mut admin = pg.admin(database);
    for role in [&options.reader, &options.control] {
        run(&mut admin, &format!("ALTER ROLE {role} PASSWORD '{PASSWORD}'"));
    }
}

/// pgward before a database of its own that was set up, with `sql` run there before.
pub(crate) fn scoped(pg: &Pg, sql: &str) -> Gate {
    let (database, options) = (pg.database(), options());
    run(&mut pg.admin(&database), sql);
    set_up(pg, &database, &options);
    Gate::before(pg, &database, &options)
}

/// The scope roles of the gate's database.
pub(crate) fn roles(pg: &Pg, gate: &Gate) -> Vec<String> {
    let reply = pg.admin(&gate.database).query("SELECT scope_role FROM pgward.scope_roles()");
    reply.rows.into_iter().map(|row| row[0].clone().unwrap()).collect()
}

/// Whom the last session ran as, by the record.
fn db_user(gate: &Gate) -> String {
    gate.events("session.start").last().unwrap()["db_user"].as_str().unwrap().to_owned()
}

/// A direct connection as a scope role; its password is replaced.
fn direct(pg: &Pg, gate: &Gate, role: &str) -> Wire {
    run(&mut pg.admin(&gate.database), &format!("ALTER ROLE {role} PASSWORD '{PASSWORD}'"));
    Wire::connect(pg.port(), role, &gate.database, PASSWORD)
}

pub(crate) fn passes(session: &mut Wire, sql: &str) {
    let reply = session.query(sql);
    assert!(reply.errors.is_empty(), "{sql}: {:?}", reply.errors);
}

/// The server's own refusal.
fn refused(session: &mut Wire, sql: &str) {
    let reply = session.query(sql);
    assert_eq!(reply.code(), "42501", "{sql}: {reply:?}");
    assert!(!reply.errors[0].message().starts_with("pgward:"), "{sql}: {reply:?}");
    session.query("ROLLBACK");
}

pub(crate) fn login_refused(gate: &Gate, grant: &Grant) -> (String, String) {
    let error = gate.login_error(&grant.user, &gate.database, &grant.token);
    assert!(error.message().starts_with("pgward: "), "{error:?}");
    (error.code().to_owned(), error.detail().to_owned())
}

fn revoke(gate: &Gate, grant: &Grant) {
    gate.cli(&["grant", "revoke", &grant.id]).expect("revoke");
}

on_each_server! {
    fn the_servers_rights_alone_hold_a_session_to_its_scopes(pg) {
        let pg = pg::apart(pg);
        let gate = scoped(
            pg,
            "CREATE TABLE public.notes (id serial PRIMARY KEY, text text);
             CREATE SEQUENCE public.other; CREATE TABLE public.log (n int DEFAULT nextval('public.other'))",
        );
        let grant = gate.write_grant(&[
            "insert,update:public.notes", "insert:public.log", "delete:sales.orders",
        ]);
        let mut session = gate.session(&grant);
        for sql in [
            "INSERT INTO public.notes (text) VALUES ('a'), ('b')",
            "INSERT INTO public.log DEFAULT VALUES",
            "UPDATE public.notes SET text = 'c' WHERE id = 2",
            "DELETE FROM sales.orders WHERE id = 20",
            "SELECT count(*) FROM public.accounts",
            "SELECT count(*) FROM pg_stat_activity",
        ] {
            passes(&mut session, sql);
        }
        let role = db_user(&gate);
        assert_eq!(session.query("SELECT session_user").value(), role);
        assert_eq!(roles(pg, &gate), vec![role.clone()]);
        let mut direct = direct(pg, &gate, &role);
        for sql in [
            "DELETE FROM public.notes WHERE id = 1",
            "TRUNCATE public.notes",
            "INSERT INTO public.orders (account_id, amount) VALUES (1, 1)",
            "UPDATE public.orders SET note = 'x'",
            "UPDATE sales.orders SET note = 'x'",
            "DELETE FROM sales.leads",
            "INSERT INTO public.victim VALUES (1)",
            "COPY public.victim FROM STDIN",
            "SELECT setval('public.notes_id_seq', 100)",
            "SELECT nextval('public.tickets')",
            "ALTER TABLE public.notes ADD COLUMN b int",
            "DROP TABLE public.notes",
            "CREATE TABLE sales.t (a int)",
            "CREATE SCHEMA mine",
            "CREATE ROLE mine",
            "ALTER ROLE scoped_reader SUPERUSER",
            "SET ROLE postgres",
            "SET SESSION AUTHORIZATION postgres",
            "SELECT pg_read_file('PG_VERSION')",
            "COPY (SELECT 1) TO PROGRAM 'true'",
            "UPDATE pg_authid SET rolsuper = true WHERE rolname = current_user",
            "SELECT * FROM pgward.scope_roles()",
            "SELECT pgward.close_scope_role('x')",
            "ALTER SYSTEM SET work_mem = '1MB'",
        ] {
            refused(&mut direct, sql);
        }
        // Only a warning, and no effect.
        direct.query("GRANT INSERT ON public.notes TO scoped_reader");
        let may = "SELECT has_table_privilege('scoped_reader', 'public.notes', 'INSERT')";
        assert_eq!(direct.query(may).value(), "f");
        for sql in [
            "INSERT INTO public.notes (text) VALUES ('direct')",
            "UPDATE public.notes SET text = 'd' WHERE id = 1",
            "SELECT count(*) FROM public.orders",
        ] {
            passes(&mut direct, sql);
        }
    }

    fn a_role_is_there_as_long_as_a_grant_needs_it(pg) {
        let pg = pg::apart(pg);
        let mut gate = scoped(pg, "");
        let scopes = ["insert:public.victim", "update:public.victim"];
        let (first, second) = (gate.write_grant(&scopes), gate.write_grant(&[scopes[1], scopes[0]]));
        let other = gate.grant(&["--ttl", "8s", "--scope", "delete:public.victim"]);
        assert_eq!(roles(pg, &gate), Vec::<String>::new());
        let mut kept = gate.session(&second);
        let shared = db_user(&gate);
        // Many at once don't lock each other out.
        let ports: Vec<_> = (0..6).map(|_| (gate.port, first.clone(), gate.database.clone())).collect();
        let threads: Vec<_> = ports.into_iter().map(|(port, grant, database)| {
            std::thread::spawn(move || {
                let mut session = Wire::connect(port, &grant.user, &database, &grant.token);
                assert!(session.query("INSERT INTO public.victim VALUES (1)").errors.is_empty());
            })
        }).collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(roles(pg, &gate), vec![shared.clone()], "one set of scopes, one role");
        drop(gate.session(&other));
        assert_eq!(roles(pg, &gate).len(), 2);
        revoke(&gate, &first);
        eventually("the role of the grant that expired is gone", SOON, || roles(pg, &gate) == [shared.clone()]);
        passes(&mut kept, "INSERT INTO public.victim VALUES (2)");
        revoke(&gate, &second);
        eventually("the other too", SOON, || roles(pg, &gate).is_empty());
        let left = format!("SELECT count(*) FROM pg_roles WHERE rolname = '{shared}'");
        assert_eq!(pg.admin("postgres").query(&left).value(), "0");
        // What a pgward left that was killed is removed at the next start, what is needed stays.
        let live = gate.write_grant(&["truncate:public.victim"]);
        drop(gate.session(&live));
        let needed = roles(pg, &gate);
        gate.kill();
        run(&mut pg.admin(&gate.database), &format!(
            "SELECT pgward.open_scope_role(ARRAY[['insert', 'public', 'orders']], '{VERIFIER}', 60)"
        ));
        assert_eq!(roles(pg, &gate).len(), 2);
        gate.restart();
        eventually("what was left is gone", SOON, || roles(pg, &gate) == needed);
        passes(&mut gate.session(&live), "TRUNCATE public.victim");
    }

    fn definitions_are_the_schema_owners(pg) {
        let pg = pg::apart(pg);
        let owner = format!("owner_{}", pg.port());
        let _ = pg.admin("postgres").query(&format!("CREATE ROLE {owner}"));
        let gate = scoped(pg, &format!(
            "CREATE SCHEMA staging AUTHORIZATION {owner}; CREATE SCHEMA more AUTHORIZATION {owner};
             CREATE SCHEMA bosses AUTHORIZATION postgres;
             ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA staging GRANT SELECT ON TABLES TO PUBLIC"
        ));
        let grant = gate.write_grant(&["ddl:staging"]);
        let mut session = gate.session(&grant);
        passes(&mut session, "CREATE TABLE staging.t (a int PRIMARY KEY)");
        passes(&mut session, "ALTER TABLE staging.t ADD COLUMN b text");
        passes(&mut session, "DISCARD ALL");
        passes(&mut session, "CREATE TABLE staging.later (a int)");
        let role = db_user(&gate);
        assert_eq!(session.query("SELECT session_user").value(), role);
        drop(session);
        let mut direct = direct(pg, &gate, &role);
        for sql in [
            "CREATE TABLE public.t (a int)",
            "CREATE TABLE sales.t (a int)",
            "CREATE TABLE bosses.t (a int)",
            "DROP TABLE public.victim",
            "INSERT INTO public.victim VALUES (1)",
            "CREATE SCHEMA mine",
            "CREATE ROLE mine",
        ] {
            // 14 lets everybody make tables in public.
            if pg.major > 14 || !sql.contains("public.t ") {
                refused(&mut direct, sql);
            }
        }
        drop(direct);
        revoke(&gate, &grant);
        eventually("the role is gone", SOON, || roles(pg, &gate).is_empty());
        let owners = pg.admin(&gate.database).query(
            "SELECT c.relname, pg_get_userbyid(c.relowner), has_table_privilege('scoped_reader', c.oid, 'SELECT')
             FROM pg_class c WHERE relnamespace = 'staging'::regnamespace AND relkind = 'r' ORDER BY 1",
        );
        let owners: Vec<_> = owners.rows.iter().map(|row| row[1].clone().unwrap()).collect();
        assert_eq!(owners, [owner.clone(), owner.clone()]);
        // A superuser's schema is no grant's, and a scope that the owner could not use is told, also
        // where it becomes so afterwards.
        let mut admin = pg.admin(&gate.database);
        run(&mut admin, &format!("ALTER SCHEMA bosses OWNER TO {owner}; GRANT INSERT ON public.victim TO {owner}"));
        let (boss, mixed) =
            (gate.write_grant(&["ddl:bosses"]), gate.write_grant(&["ddl:staging", "insert:public.victim"]));
        run(&mut admin, &format!("ALTER SCHEMA bosses OWNER TO postgres; REVOKE INSERT ON public.victim FROM {owner}"));
        let (code, detail) = login_refused(&gate, &boss);
        assert!(code == "42501" && detail.contains("postgres is a superuser"), "{detail}");
        let (code, detail) = login_refused(&gate, &mixed);
        assert!(code == "42501" && detail.contains("make a grant for each"), "{detail}");
        passes(&mut gate.session(&gate.write_grant(&["ddl:staging", "ddl:more"])), "CREATE TABLE more.t ()");
    }

    fn maintenance_and_calls(pg) {
        let pg = pg::apart(pg);
        let gate = scoped(
            pg,
            "CREATE FUNCTION public.closed() RETURNS int LANGUAGE plpgsql
                 AS 'BEGIN INSERT INTO public.victim VALUES (5); RETURN 1; END';
             REVOKE EXECUTE ON FUNCTION public.closed(), public.write_as_owner() FROM PUBLIC",
        );
        if pg.major >= 17 {
            let grant = gate.write_grant(&["maintain:public.victim"]);
            passes(&mut gate.session(&grant), "VACUUM public.victim");
            let role = db_user(&gate);
            refused(&mut direct(pg, &gate, &role), "REINDEX TABLE public.accounts");
        }
        // What a function does it does with the rights of the grant.
        let grant = gate.write_grant(&["execute:public.closed"]);
        refused(&mut gate.session(&grant), "SELECT public.closed()");
        let grant = gate.write_grant(&["execute:public.closed", "insert:public.victim"]);
        passes(&mut gate.session(&grant), "SELECT public.closed()");
        let role = db_user(&gate);
        refused(&mut direct(pg, &gate, &role), "SELECT public.write_as_owner()");
        // One that runs as a superuser, and that not everybody may call, is the DBA's to give.
        let change = |sql: &str| run(&mut pg.admin(&gate.database), sql);
        change("GRANT EXECUTE ON FUNCTION public.write_as_owner() TO pgward_scoped");
        let grant = gate.write_grant(&["execute:public.write_as_owner"]);
        change("REVOKE EXECUTE ON FUNCTION public.write_as_owner() FROM pgward_scoped");
        let (code, detail) = login_refused(&gate, &grant);
        assert!(code == "42501" && detail.contains("grant EXECUTE on it to pgward_scoped"), "{detail}");
        change("GRANT EXECUTE ON FUNCTION public.write_as_owner() TO pgward_scoped");
        passes(&mut gate.session(&grant), "SELECT public.write_as_owner()");
    }

    fn the_hint_of_maintenance_is_what_the_server_needs(pg) {
        let pg = pg::apart(pg);
        let owner = format!("keeper_{}", pg.port());
        let _ = pg.admin("postgres").query(&format!("CREATE ROLE {owner}"));
        let gate = scoped(pg, &format!(
            "CREATE SCHEMA kept AUTHORIZATION {owner}; CREATE TABLE kept.t (a int);
             ALTER TABLE kept.t OWNER TO {owner}"
        ));
        let grant = gate.read_grant();
        let refusal = gate.session(&grant).query("VACUUM kept.t");
        let hint = refusal.errors[0].hint().to_owned();
        let words: Vec<&str> = hint.split(' ').skip(1).collect();
        assert_eq!(words.contains(&"ddl:kept"), pg.major < 17, "{hint}");
        gate.cli(&words).expect(&hint);
        passes(&mut gate.session(&grant), "VACUUM kept.t");
    }

    fn narrowed_reads_are_the_servers_too(pg) {
        let pg = pg::apart(pg);
        let gate = scoped(pg, "");
        let grant = gate.write_grant(&["update:public.victim", "select:public.orders"]);
        let mut session = gate.session(&grant);
        passes(&mut session, "SELECT count(*) FROM public.orders");
        passes(&mut session, "UPDATE public.victim SET id = 2 WHERE id = 1");
        let role = db_user(&gate);
        let mut direct = direct(pg, &gate, &role);
        passes(&mut direct, "SELECT count(*) FROM public.orders");
        passes(&mut direct, "UPDATE public.victim SET id = 2 WHERE id = 1");
        refused(&mut direct, "SELECT count(*) FROM public.accounts");
        refused(&mut direct, "SELECT count(*) FROM sales.orders");
    }

    fn names_are_names_however_odd(pg) {
        let pg = pg::apart(pg);
        let long = format!("ü{}", "x".repeat(61));
        let names = ["Odd\"Na'me", "a\\'; DROP TABLE public.victim; --", "$pgward$", "pgward", &long, "%I%s", "a|b,c"];
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        let schema = "S'che\"ma. x";
        let mut sql = format!("CREATE SCHEMA {};", quoted(schema));
        for name in names {
            sql.push_str(&format!("CREATE TABLE {}.{} (id serial, n int);", quoted(schema), quoted(name)));
        }
        let gate = scoped(pg, &sql);
        for name in names {
            let table = format!("{}.{}", quoted(schema), quoted(name));
            let mut session = gate.session(&gate.write_grant(&[&format!("insert:{table}")]));
            passes(&mut session, &format!("INSERT INTO {table} (n) VALUES (1) RETURNING id"));
        }
        let rights = pg.admin(&gate.database).query(
            "SELECT count(*) FROM information_schema.role_table_grants
             WHERE grantee LIKE 'pgward\\_%' AND table_catalog = current_database()",
        );
        assert_eq!(rights.value(), names.len().to_string());
        let all = gate.write_grant(&[&format!("insert,update:{}.*", quoted(schema))]);
        let mut session = gate.session(&all);
        for name in names {
            passes(&mut session, &format!("UPDATE {}.{} SET n = 2 WHERE n = 1", quoted(schema), quoted(name)));
        }
    }

    fn the_control_role_gets_no_more_than_scopes(pg) {
        let pg = pg::apart(pg);
        let gate = scoped(pg, "CREATE VIEW public.through AS SELECT * FROM public.victim");
        let mut control = Wire::connect(pg.port(), "scoped_control", &gate.database, PASSWORD);
        let verifier = format!("'{VERIFIER}'");
        let call = |scopes: &str, verifier: &str, seconds: &str| {
            format!("SELECT * FROM pgward.open_scope_role({scopes}, {verifier}, {seconds})")
        };
        let one = |verb: &str, schema: &str, object: &str| {
            call(&format!("ARRAY[['{verb}', '{schema}', '{object}']]"), &verifier, "60")
        };
        for sql in [
            one("insert", "pg_catalog", "pg_authid"),
            one("update", "pg_catalog", "pg_proc"),
            one("insert", "pg_catalog", "*"),
            one("insert", "information_schema", "sql_features"),
            one("select", "pg_catalog", "pg_authid"),
            one("insert", "pg_toast", "*"),
            one("insert", "pgward", "*"),
            one("execute", "pgward", "open_scope_role"),
            one("execute", "pgward", "*"),
            one("execute", "pg_catalog", "pg_read_file"),
            one("execute", "pg_catalog", "lo_export"),
            one("execute", "pg_catalog", "pg_reload_conf"),
            one("insert", "public", "through"),
            one("insert", "public", "tickets"),
            one("insert", "public", "no_such"),
            one("ddl", "pg_catalog", ""),
            one("ddl", "pgward", ""),
            one("ddl", "public", ""),
            one("ddl", "public", "x"),
            one("create", "public", "victim"),
            one("all", "public", "victim"),
            one("INSERT", "public", "victim"),
            one("references", "public", "victim"),
            one("insert, trigger", "public", "victim"),
            one("insert", "public", "victim TO PUBLIC; --"),
            one("insert", "", ""),
            one("", "public", "victim"),
            call("NULL", &verifier, "60"),
            call("'{}'", &verifier, "60"),
            call("ARRAY['insert', 'public', 'victim']", &verifier, "60"),
            call("ARRAY[['insert', 'public', NULL]]", &verifier, "60"),
            call("ARRAY[['insert', 'public', 'victim', 'x']]", &verifier, "60"),
            call("ARRAY[['insert', 'public', 'victim']]", "'plain'", "60"),
            call("ARRAY[['insert', 'public', 'victim']]", "''", "60"),
            call("ARRAY[['insert', 'public', 'victim']]", "NULL", "60"),
            call("ARRAY[['insert', 'public', 'victim']]", "'md5aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'", "60"),
            call("ARRAY[['insert', 'public', 'victim']]", &format!("{verifier} || ''' SUPERUSER'"), "60"),
            call("ARRAY[['insert', 'public', 'victim']]", &verifier, "NULL"),
            "SELECT pgward.rights_for('insert', 'public', 'victim', false)".to_owned(),
            "SELECT pgward.owner_for('{}')".to_owned(),
            "CREATE FUNCTION pgward.x() RETURNS int LANGUAGE sql AS 'SELECT 1'".to_owned(),
            "CREATE ROLE mine".to_owned(),
        ] {
            for before in ["", "SET standard_conforming_strings = off; SET transform_null_equals = on;"] {
                let reply = control.query(&format!("{before}{sql}"));
                assert!(matches!(reply.code(), "42501" | "22023"), "{sql}: {reply:?}");
            }
        }
        // Nobody's role is closed but a scope role, nobody's taken for one.
        for role in ["scoped_reader", "scoped_control", "postgres", "pgward_scoped"] {
            passes(&mut control, &format!("SELECT pgward.close_scope_role('{role}')"));
            let there = format!("SELECT count(*) FROM pg_roles WHERE rolname = '{role}'");
            assert_eq!(control.query(&there).value(), "1");
        }
        assert_eq!(roles(pg, &gate), Vec::<String>::new());
        let scopes = "ARRAY[['insert', 'public', 'victim']]";
        let name = control.query(&format!("SELECT pgward.scope_role_name({scopes})")).value();
        run(&mut pg.admin(&gate.database), &format!("CREATE ROLE {name} SUPERUSER"));
        let reply = control.query(&call(scopes, &verifier, "60"));
        assert!(reply.code() == "42501" && reply.errors[0].message().contains("drop it"), "{reply:?}");
        run(&mut pg.admin(&gate.database), &format!("DROP ROLE {name}"));
        // A role that is there gets exactly what its scopes say, whatever it was given.
        passes(&mut control, &call(scopes, &verifier, "60"));
        run(&mut pg.admin(&gate.database), &format!(
            "GRANT ALL ON public.victim, public.orders TO {name}; GRANT pg_write_all_data TO {name};
             GRANT ALL ON SCHEMA sales TO {name}; GRANT INSERT (id) ON public.accounts TO {name}"
        ));
        passes(&mut control, &call(scopes, &verifier, "60"));
        let mut scope = direct(pg, &gate, &name);
        passes(&mut scope, "INSERT INTO public.victim VALUES (1)");
        for sql in [
            "DELETE FROM public.victim", "DELETE FROM public.orders", "CREATE TABLE sales.t (a int)",
            "INSERT INTO public.accounts (id) VALUES (1000)", "INSERT INTO sales.leads VALUES (1000)",
        ] {
            refused(&mut scope, sql);
        }
    }

    fn without_the_role_there_is_no_session_and_never_the_writer(pg) {
        let pg = pg::apart(pg);
        let (database, options) = (pg.database(), Options { writer: "writer".into(), ..options() });
        // Only the two are made: the writer is the one of all tests.
        set_up(pg, &database, &Options { writer: String::new(), ..options.clone() });
        let gate = Gate::before(pg, &database, &options);
        let grant = gate.write_grant(&["insert:public.victim"]);
        drop(gate.session(&grant));
        assert!(db_user(&gate).starts_with("pgward_"));
        let mut admin = pg.admin(&database);
        run(&mut admin, &format!("REVOKE CONNECT ON DATABASE {database} FROM PUBLIC, pgward_scoped, scoped_reader"));
        let (code, detail) = login_refused(&gate, &grant);
        assert!(code == "42501" && detail.contains("must let +pgward_scoped in"), "{detail}");
        run(&mut admin, &format!("GRANT CONNECT ON DATABASE {database} TO PUBLIC"));
        drop(gate.session(&grant));
        run(&mut admin, "REVOKE EXECUTE ON FUNCTION pgward.open_scope_role FROM scoped_control");
        let (code, detail) = login_refused(&gate, &grant);
        assert!(code == "42501" && detail.contains("permission denied for function"), "{detail}");
        run(&mut admin, "DROP SCHEMA pgward CASCADE");
        let (code, detail) = login_refused(&gate, &grant);
        assert!(code == "42501" && detail.contains("does not exist"), "{detail}");
        let failures = gate.events("auth.failed");
        let causes: Vec<_> = failures.iter().map(|record| record["cause"].clone()).collect();
        assert_eq!(causes, ["upstream", "scope_role", "scope_role"], "{failures:?}");
        // Reads go on.
        passes(&mut gate.session(&gate.read_grant()), "SELECT 1");
    }
}

fn check(gate: &Gate) -> (bool, String) {
    let output = gate.cli(&["config", "check"]);
    (output.success, output.stdout)
}

#[test]
fn config_check_says_who_holds_the_scopes() {
    let pg = pg::apart(pg::distribution());
    let (database, options) = (pg.database(), Options { writer: "writer".into(), ..options() });
    set_up(pg, &database, &Options { writer: String::new(), ..options.clone() });
    let gate = Gate::before(pg, &database, &options);
    let said = |words: &str| {
        let (success, text) = check(&gate);
        assert!(text.contains(words), "{words}: {text}");
        (success, text)
    };
    let (success, text) = said("PostgreSQL itself holds write grants to their scopes");
    assert!(
        success && text.contains("is not used") && !text.contains("pgward.open_scope"),
        "{text}"
    );
    let mut admin = pg.admin(&database);
    run(&mut admin, "GRANT INSERT ON public.victim TO pgward_scoped");
    said("scoped pgward_scoped:");
    said("may write 1 table (public.victim)");
    run(&mut admin, "REVOKE INSERT ON public.victim FROM pgward_scoped");
    run(&mut admin, "GRANT USAGE ON SCHEMA pgward TO PUBLIC");
    run(&mut admin, "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgward TO PUBLIC");
    assert!(!said("may be called by the role of sessions").0);
    run(&mut admin, "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA pgward FROM PUBLIC");
    run(&mut admin, "REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA pgward FROM scoped_control");
    assert!(!said("may not be called by the control role").0);
    run(&mut admin, "DROP FUNCTION pgward.scope_role_name");
    run(&mut admin, "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgward TO scoped_control");
    assert!(!said("not those of this version").0);
    run(&mut admin, "DROP SCHEMA pgward CASCADE");
    let (success, text) = said("is shared by all grants with write scopes");
    assert!(success && !text.contains("itself holds"), "{text}");
}

#[test]
fn start_up_says_that_the_writer_is_shared() {
    let gate = Gate::new(pg::distribution());
    assert!(gate.log().contains("is shared by all grants with write scopes"), "{}", gate.log());
}

#[test]
fn who_can_make_roles_is_no_upstream_role() {
    let pg = pg::apart(pg::distribution());
    run(
        &mut pg.admin("postgres"),
        &format!(
            "CREATE ROLE maker LOGIN CREATEROLE PASSWORD '{PASSWORD}' IN ROLE pg_signal_backend, pg_monitor;
             CREATE ROLE heir LOGIN PASSWORD '{PASSWORD}' IN ROLE maker, pg_signal_backend, pg_monitor"
        ),
    );
    for (control, words) in [("maker", "may create roles"), ("heir", "can become maker")] {
        Gate::fails_to_serve(pg, &Options { control: control.into(), ..Options::default() }, words);
    }
}

#[test]
fn a_session_whose_backend_is_not_seen_is_ended() {
    let pg = pg::apart(pg::distribution());
    let mut admin = pg.admin("postgres");
    let make = format!(
        "CREATE ROLE watcher LOGIN PASSWORD '{PASSWORD}' IN ROLE pg_signal_backend, pg_monitor"
    );
    run(&mut admin, &make);
    let gate = Gate::with(pg, &Options { control: "watcher".into(), ..Options::default() });
    let grant = gate.read_grant();
    let mut seen = gate.session(&grant);
    assert_eq!(seen.query("SELECT 1").value(), "1");
    run(&mut admin, "REVOKE pg_monitor FROM watcher");
    // It is let in, since the role's backends were seen, and ended when its own is looked for.
    let mut unseen = gate.session(&grant);
    let told = unseen.reply().errors;
    assert_eq!(told[0].code(), "57P01", "{told:?}");
    assert!(told[0].message().contains("could not be found"), "{told:?}");
    eventually("its end is on record", Duration::from_secs(5), || {
        gate.events("session.end").iter().any(|end| end["end_reason"] == "backend_unseen")
    });
    // The next one is looked for first.
    let refused = gate.login_error(&grant.user, &gate.database, &grant.token);
    assert_eq!(refused.code(), "57P03", "{refused:?}");
    assert_eq!(seen.query("SELECT 1").value(), "1", "it was found in time");
    run(&mut admin, "GRANT pg_monitor TO watcher");
    assert_eq!(gate.session(&grant).query("SELECT 1").value(), "1");
}

#[test]
fn passwords_in_a_readable_configuration_are_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let gate = Gate::new(pg::distribution());
    let allow = |mode| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(Path::new(&gate.path("proxy.toml")), mode).unwrap();
        check(&gate)
    };
    for (mode, words) in [
        (0o600, None),
        (0o640, Some("its group can read")),
        (0o644, Some("everybody on this machine can read")),
    ] {
        let (success, text) = allow(mode);
        assert!(success, "{text}");
        assert_eq!(text.contains(".reader.password, "), words.is_some(), "{text}");
        assert!(text.contains(words.unwrap_or("ok")), "{text}");
    }
}
