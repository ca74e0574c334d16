//! Scopes that the server cannot give are refused before anybody has a grant with them: a grant
//! that works goes on working, and who asks is told what to do, by whom.

use std::time::Duration;

use pgward::cli::demo::postgres::free_port;

use crate::people::Company;
use crate::roles::{SOON, login_refused, options, passes, roles, scoped, set_up};
use crate::support::gate::{Gate, Options};
use crate::support::message::Fields;
use crate::support::pg::{self, Pg, run};
use crate::support::{eventually, on_each_server};

/// A role that owns schemas, and the SQL that makes two of its own and one of a superuser.
fn owned(pg: &Pg) -> (String, String) {
    let owner = format!("holder_{}", pg.port());
    let _ = pg.admin("postgres").query(&format!("CREATE ROLE {owner}"));
    let sql = format!(
        "CREATE SCHEMA staging AUTHORIZATION {owner}; CREATE SCHEMA bosses AUTHORIZATION postgres;
         CREATE TABLE staging.t (a int); ALTER TABLE staging.t OWNER TO {owner};
         CREATE FUNCTION public.as_boss() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
         REVOKE EXECUTE ON FUNCTION public.as_boss() FROM PUBLIC"
    );
    (owner, sql)
}

/// What a command that must fail says.
fn refused(gate: &Gate, arguments: &[&str]) -> String {
    let output = gate.cli(arguments);
    assert_eq!(output.code, Some(1), "{arguments:?}: {}{}", output.stdout, output.stderr);
    assert!(output.stderr.contains("hint: "), "it teaches nothing: {}", output.stderr);
    output.stderr
}

fn create<'a>(gate: &'a Gate, scopes: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec![
        "grant",
        "create",
        "--user",
        "alice",
        "--reason",
        "INC-4211 stuck orders",
        "--database",
        &gate.database,
    ];
    arguments.extend(scopes.iter().flat_map(|scope| ["--scope", scope]));
    arguments
}

fn extend<'a>(id: &'a str, scopes: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["grant", "extend", id];
    arguments.extend(scopes.iter().flat_map(|scope| ["--scope", scope]));
    arguments
}

/// The line that begins with that word.
fn line<'a>(text: &'a str, word: &str) -> &'a str {
    let found = text.lines().find(|line| line.trim_start().starts_with(word));
    found.unwrap_or_else(|| panic!("no {word:?} in {text}"))
}

/// The SQL that a hint ends with.
fn sql(text: &str) -> &str {
    let hint = line(text, "hint: ");
    let (_, sql) = hint.rsplit_once(": ").unwrap();
    assert!(sql.ends_with(';'), "{text}");
    sql
}

/// How many roles are there that sessions of pgward could log in as.
fn made(pg: &Pg, gate: &Gate) -> String {
    let count = format!(
        "SELECT count(*) FROM pg_roles r, pg_database d
         WHERE d.datname = '{}' AND r.rolname LIKE 'pgward\\_' || d.oid || '\\_%'",
        gate.database
    );
    pg.admin("postgres").query(&count).value()
}

on_each_server! {
    fn what_the_server_cannot_give_is_refused_with_what_to_do(pg) {
        let pg = pg::apart(pg);
        let (owner, objects) = owned(pg);
        let gate = scoped(pg, &objects);
        let mut admin = pg.admin(&gate.database);
        let mut cases = vec![
            (&["ddl:bosses"][..], "ddl:bosses", "postgres is a superuser",
             "ALTER SCHEMA bosses OWNER TO".to_owned()),
            (&["insert:public.victim", "execute:pg_catalog.pg_reload_conf"],
             "execute:pg_catalog.pg_reload_conf", "a DBA must grant EXECUTE",
             "GRANT EXECUTE ON ROUTINE pg_reload_conf() TO pgward_scoped;".to_owned()),
            (&["execute:public.as_boss"], "execute:public.as_boss", "a DBA must grant EXECUTE",
             "GRANT EXECUTE ON ROUTINE public.as_boss() TO pgward_scoped;".to_owned()),
            (&["ddl:staging", "insert:public.victim"], "insert:public.victim",
             "has no INSERT on TABLE public.victim",
             format!("GRANT INSERT ON TABLE public.victim TO {owner};")),
        ];
        if pg.major < 17 {
            cases.push((&["maintain:public.victim"], "maintain:public.victim",
                "before PostgreSQL 17 only its owner can", "ddl:public".to_owned()));
        }
        let usable = gate.write_grant(&["update:public.orders"]);
        let reads = gate.read_grant();
        for (scopes, culprit, why, remedy) in &cases {
            for arguments in [create(&gate, scopes), extend(&usable.id, scopes), extend(&reads.id, scopes)] {
                let said = refused(&gate, &arguments);
                assert!(said.contains(culprit) && said.contains("nothing was"), "{arguments:?}: {said}");
                assert!(line(&said, "detail: ").contains(why), "{arguments:?}: {said}");
                let hint = line(&said, "hint: ");
                assert!(hint.contains(&format!("leave out {culprit}")), "{arguments:?}: {said}");
                assert!(hint.contains(remedy.as_str()), "{arguments:?}: {said}");
            }
        }
        // What a grant has is not blamed for what is new.
        let said = refused(&gate, &extend(&usable.id, &["ddl:staging"]));
        assert!(said.contains("has no UPDATE on TABLE public.orders"), "{said}");
        assert!(line(&said, "hint: ").contains("leave out ddl:staging; or as a DBA"), "{said}");
        // Nothing has changed: not the grants, not the database.
        assert_eq!(made(pg, &gate), "0");
        let listed = gate.json(&["grant", "list"]);
        assert_eq!(listed.as_array().unwrap().len(), 2, "{listed}");
        passes(&mut gate.session(&usable), "UPDATE public.orders SET note = 'a' WHERE id = 1");
        passes(&mut gate.session(&reads), "SELECT 1");
        assert_eq!(gate.events("grant.extended").len(), 0);
        // Time is no scope.
        gate.cli(&["grant", "extend", &reads.id, "--ttl", "90m"]).expect("more time");
        // What the hint says helps, as it stands there.
        for arguments in [
            create(&gate, &["execute:public.as_boss"]),
            extend(&reads.id, &["ddl:staging", "insert:public.victim"]),
        ] {
            run(&mut admin, sql(&refused(&gate, &arguments)));
            gate.cli(&arguments).expect("what the database gives now");
        }
        let mut session = gate.session(&reads);
        passes(&mut session, "INSERT INTO public.victim VALUES (1)");
        passes(&mut session, "CREATE TABLE staging.u (a int)");
        // The database changes after that: the login says which scope it is, and what to do.
        run(&mut admin, "ALTER SCHEMA staging OWNER TO postgres");
        let told: Fields = gate.login_error(&reads.user, &gate.database, &reads.token);
        assert!(told.detail().contains("scope ddl:staging"), "{told:?}");
        assert!(told.hint().contains("ALTER SCHEMA staging OWNER TO"), "{told:?}");
        assert!(told.hint().contains("pgward grant request --database"), "{told:?}");
        // More scopes would not help that grant; the one that is in the way is named.
        let said = refused(&gate, &extend(&reads.id, &["update:public.orders"]));
        assert!(said.contains("ddl:staging") && !said.contains("leave out"), "{said}");
        assert_eq!(login_refused(&gate, &reads).0, "42501");
        // So is what would keep such a role from logging in.
        let database = &gate.database;
        run(&mut admin, &format!(
            "REVOKE CONNECT ON DATABASE {database} FROM PUBLIC, pgward_scoped, scoped_reader;
             GRANT CONNECT ON DATABASE {database} TO scoped_control"
        ));
        let arguments = create(&gate, &["update:public.orders"]);
        let said = refused(&gate, &arguments);
        assert!(said.contains("may not connect to the database"), "{said}");
        run(&mut admin, sql(&said));
        gate.cli(&arguments).expect("who may connect");
    }

    fn who_asks_is_told_and_who_approves_is_refused(pg) {
        let pg = pg::apart(pg);
        let (_, objects) = owned(pg);
        let database = pg.database();
        run(&mut pg.admin(&database), &objects);
        let port = free_port().unwrap();
        let options = Options { admin: format!("address = \"127.0.0.1:{port}\""), ..options() };
        set_up(pg, &database, &options);
        let gate = Gate::before(pg, &database, &options);
        let company = Company { gate, url: format!("http://127.0.0.1:{port}") };
        let (alice, dana) = (company.hire("alice", "request"), company.hire("dana", "approve"));
        let ask = |scope: &str| {
            let asked = alice.json(&[
                "grant", "request", "--database", &database, "--reason", "INC-4211 stuck orders",
                "--scope", scope,
            ]);
            let text = |key: &str| asked[key].as_str().unwrap().to_owned();
            (text("id"), text("summary"))
        };
        let approve = |id: &str| {
            let revision = company.show(id)["revision"].to_string();
            vec!["grant".to_owned(), "approve".into(), id.into(), "--revision".into(), revision]
        };
        let words = |arguments: &[String]| dana.refused(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        // Who asks may go on: a DBA can see to it before it is approved.
        let (id, summary) = ask("execute:public.as_boss");
        assert!(summary.contains("cannot give execute:public.as_boss"), "{summary}");
        assert!(summary.contains("GRANT EXECUTE ON ROUTINE public.as_boss() TO pgward_scoped;"), "{summary}");
        let (fine, summary) = ask("update:public.orders");
        assert!(!summary.contains("cannot"), "{summary}");
        let said = words(&approve(&id));
        assert!(said.contains("execute:public.as_boss") && said.contains("nothing was"), "{said}");
        assert!(said.contains(&format!("pgward grant deny {id}")), "{said}");
        assert_eq!(company.show(&id)["state"], "pending");
        run(&mut pg.admin(&database), sql(&said));
        let approving = approve(&id);
        dana.run(&approving.iter().map(String::as_str).collect::<Vec<_>>()).expect("approve");
        // By the time it is redeemed it may have changed back.
        run(&mut pg.admin(&database), "REVOKE EXECUTE ON FUNCTION public.as_boss() FROM pgward_scoped");
        let said = alice.refused(&["grant", "redeem", &id]);
        assert!(said.contains("execute:public.as_boss") && said.contains("nothing was"), "{said}");
        assert_eq!(company.show(&id)["state"], "approved");
        // The same for an extension of a grant in use, which goes on as it was.
        let approving = approve(&fine);
        dana.run(&approving.iter().map(String::as_str).collect::<Vec<_>>()).expect("approve");
        let grant = alice.redeem(&fine);
        let asked = alice.json(&extend(&fine, &["ddl:bosses"]));
        assert!(asked["summary"].as_str().unwrap().contains("cannot give ddl:bosses"), "{asked}");
        let said = words(&approve(&fine));
        assert!(said.contains("postgres is a superuser"), "{said}");
        assert_eq!(company.show(&fine)["scopes"], serde_json::json!(["update:public.orders"]));
        passes(&mut company.gate.session(&grant), "UPDATE public.orders SET note = 'a' WHERE id = 1");
        // A statement that such a grant would allow is told with the same words.
        let checked = company.gate.json(&[
            "check", "CREATE TABLE bosses.t (a int)", "--scope", "ddl:bosses", "--database", &database,
        ]);
        assert_eq!(checked["verdict"], "allowed");
        assert!(checked["warning"].as_str().unwrap().contains("cannot give ddl:bosses"), "{checked}");
    }
}

/// Each question is a transaction that makes a role, as a login does.
#[test]
fn asking_keeps_nobody_out() {
    let pg = pg::apart(pg::distribution());
    let gate = scoped(pg, "");
    let grant = gate.write_grant(&["update:public.orders"]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let asked = ["check", "SELECT 1", "--scope", "update,insert:public.orders"];
                for _ in 0..4 {
                    let said = gate.json(&asked);
                    assert!(said["warning"].is_null(), "{said}");
                }
            });
            scope.spawn(|| {
                for _ in 0..4 {
                    passes(
                        &mut gate.session(&grant),
                        "UPDATE public.orders SET note = 'a' WHERE id = 1",
                    );
                }
            });
        }
    });
    assert_eq!(roles(pg, &gate).len(), 1, "nothing is left of a question");
}

#[test]
fn functions_that_must_not_be_used_give_nothing() {
    let pg = pg::apart(pg::distribution());
    let (database, options) = (pg.database(), options());
    set_up(pg, &database, &options);
    run(
        &mut pg.admin(&database),
        "GRANT USAGE ON SCHEMA pgward TO PUBLIC; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgward TO PUBLIC",
    );
    let gate = Gate::before(pg, &database, &options);
    let said = refused(&gate, &create(&gate, &["update:public.orders"]));
    assert!(said.contains("may be called by the role of sessions"), "{said}");
    passes(&mut gate.session(&gate.read_grant()), "SELECT 1");
}

/// Without an answer what works is not put at risk, and what is new is not held up.
#[test]
fn while_the_database_cannot_be_asked() {
    let pg = pg::apart(pg::distribution());
    let options = Options {
        control: "away_control".into(),
        listen: "login_timeout = \"60s\"".into(),
        ..options()
    };
    let database = pg.database();
    set_up(pg, &database, &options);
    let gate = Gate::before(pg, &database, &options);
    let grant = gate.grant(&["--ttl", "30m", "--scope", "update:public.orders"]);
    let update = ["update:public.accounts"];
    let mut admin = pg.admin("postgres");
    // Somebody holds the lock that the functions take, for longer than they wait.
    let mut holder = pg.admin(&database);
    run(&mut holder, "SELECT pg_advisory_lock(1886873458, 1)");
    let said = refused(&gate, &extend(&grant.id, &update));
    assert!(said.contains("nothing was") && said.contains("try again"), "{said}");
    // The scopes are not blamed for it at a login, either.
    let told = gate.login_error(&grant.user, &database, &grant.token);
    assert!(matches!(told.code(), "57P03" | "08001"), "{told:?}");
    drop(holder);
    drop(gate.session(&grant));
    // It cannot be reached.
    run(&mut admin, "ALTER ROLE away_control NOLOGIN");
    run(
        &mut admin,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'away_control'",
    );
    eventually("the control connection is down", SOON, || {
        gate.http("/readyz").is_some_and(|(status, _)| status != 200)
    });
    let said = refused(&gate, &extend(&grant.id, &update));
    assert!(said.contains("cannot be asked") && said.contains("try again"), "{said}");
    gate.cli(&["grant", "extend", &grant.id, "--ttl", "45m"]).expect("more time");
    let made = gate.cli(&create(&gate, &update));
    assert!(
        made.success && made.stderr.contains("was not asked"),
        "{}{}",
        made.stdout,
        made.stderr
    );
    run(&mut admin, "ALTER ROLE away_control LOGIN");
    eventually("it is served again", Duration::from_secs(60), || {
        gate.http("/readyz").is_some_and(|(status, _)| status == 200)
    });
    gate.cli(&extend(&grant.id, &update)).expect("extend");
    passes(&mut gate.session(&grant), "UPDATE public.accounts SET owner = owner WHERE id = 1");
    eventually("its old role is gone", SOON, || roles(pg, &gate).len() == 1);
}
