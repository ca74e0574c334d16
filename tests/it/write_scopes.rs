//! Scopes: each verb on its table passes, everything else does not, seen by effect.

use crate::support::gate::{Gate, Options};
use crate::support::message as m;
use crate::support::{on_each_server, pg};

const VERBS: [(&str, &str); 4] = [
    ("insert", "INSERT INTO public.victim VALUES (1)"),
    ("update", "UPDATE public.victim SET id = 2"),
    ("delete", "DELETE FROM public.victim WHERE id = 1"),
    ("truncate", "TRUNCATE public.victim"),
];

on_each_server! {
    fn each_verb_passes_on_its_table_and_the_others_do_not(pg) {
        let gate = Gate::new(pg);
        for (granted, _) in VERBS {
            let scope = format!("{granted}:public.victim");
            let mut session = gate.session(&gate.write_grant(&[&scope]));
            for (verb, sql) in VERBS {
                let simple = session.query(sql);
                let extended = session.extended(sql, &[]);
                if verb == granted {
                    assert!(simple.errors.is_empty(), "{scope}: {sql}: {simple:?}");
                    assert!(extended.errors.is_empty(), "{scope}: {sql}: {extended:?}");
                } else {
                    assert_eq!(simple.code(), "42501", "{scope}: {sql}: {simple:?}");
                    assert_eq!(extended.code(), "42501", "{scope}: {sql}: {extended:?}");
                    let hint = simple.errors[0].hint().to_owned();
                    assert!(hint.contains(&format!("--scope {verb}:public.victim")), "{hint}");
                }
            }
        }
    }

    fn other_tables_stay_as_they_are(pg) {
        let gate = Gate::new(pg);
        let grant = gate.write_grant(&["insert,update,delete,truncate:public.victim"]);
        let mut session = gate.session(&grant);
        let statements = [
            "UPDATE public.orders SET note = 'x'",
            "UPDATE sales.orders SET note = 'x'",
            "DELETE FROM public.accounts",
            "TRUNCATE public.victim, public.measurements",
            "WITH d AS (DELETE FROM public.orders RETURNING 1) INSERT INTO public.victim SELECT 1 FROM d",
            "WITH v AS (INSERT INTO public.victim VALUES (1)) DELETE FROM sales.leads",
            "CREATE TABLE public.other (a int)",
            "ALTER TABLE public.victim ADD COLUMN b int",
            "DROP TABLE public.victim",
            "INSERT INTO public.victim SELECT public.write_as_owner()",
            "DO $$ BEGIN DELETE FROM public.orders; END $$",
            "COPY public.orders FROM STDIN",
            "SET ROLE boss",
            "SET search_path = sales",
        ];
        for sql in statements {
            for extended in [false, true] {
                let reply = if extended { session.extended(sql, &[]) } else { session.query(sql) };
                assert_eq!(reply.errors.len(), 1, "{sql}: {reply:?}");
                assert!(reply.errors[0].message().starts_with("pgward: "), "{sql}: {reply:?}");
            }
        }
        let mut admin = pg.admin(&gate.database);
        assert_eq!(admin.query("SELECT count(*) FROM orders WHERE note = 'x'").value(), "0");
        assert_eq!(admin.query("SELECT count(*) FROM sales.orders WHERE note = 'x'").value(), "0");
        assert_eq!(admin.query("SELECT count(*) FROM accounts").value(), "50");
        assert_eq!(admin.query("SELECT count(*) FROM sales.leads").value(), "20");
        assert_eq!(admin.query("SELECT count(*) FROM measurements").value(), "100");
        assert_eq!(pg.victims(&gate.database), "0");
    }

    fn a_name_means_the_table_that_was_granted(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.write_grant(&["update:public.orders"]));
        let reply = session.query("UPDATE orders SET note = 'through' WHERE id = 1");
        let mut admin = pg.admin(&gate.database);
        if reply.errors.is_empty() {
            assert_eq!(admin.query("SELECT note FROM public.orders WHERE id = 1").value(), "through");
        }
        assert_eq!(admin.query("SELECT note FROM sales.orders WHERE id = 1").value(), "sales 1");
        // A temporary table of that name would come first.
        assert_eq!(session.query("CREATE TEMP TABLE orders (id int, note text)").errors.len(), 1);
    }

    fn writes_and_their_transactions(pg) {
        let gate = Gate::new(pg);
        let grant = gate.write_grant(&["insert:public.victim", "delete:public.victim"]);
        let mut session = gate.session(&grant);
        session.query("BEGIN");
        assert_eq!(session.query("INSERT INTO public.victim VALUES (1), (2)").tags, ["INSERT 0 2"]);
        session.query("SAVEPOINT s");
        assert_eq!(session.query("UPDATE public.victim SET id = 9").status, b'E');
        session.query("ROLLBACK TO s");
        assert_eq!(session.query("COMMIT").tags, ["COMMIT"]);
        assert_eq!(pg.victims(&gate.database), "2");
        session.query("BEGIN");
        session.query("DELETE FROM public.victim");
        session.query("ROLLBACK");
        assert_eq!(pg.victims(&gate.database), "2");
        let reply = session.query("INSERT INTO public.victim VALUES (3) RETURNING id");
        assert_eq!(reply.rows, [[Some("3".to_owned())]]);
        let reply = session.extended("INSERT INTO public.victim VALUES ($1)", &[Some("4")]);
        assert_eq!(reply.tags, ["INSERT 0 1"]);
        assert_eq!(pg.victims(&gate.database), "4");
        crate::support::eventually("every outcome", std::time::Duration::from_secs(5), || {
            gate.events("transaction.end").len() == 4
        });
        let outcomes: Vec<_> = gate.events("transaction.end").iter()
            .map(|r| r["tx_outcome"].as_str().unwrap().to_owned()).collect();
        assert_eq!(outcomes.iter().filter(|o| *o == "committed").count(), 3, "{outcomes:?}");
        assert_eq!(outcomes.iter().filter(|o| *o == "rolled_back").count(), 1, "{outcomes:?}");
    }

    fn a_scoped_grant_reads_as_before(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.write_grant(&["update:public.orders"]));
        assert_eq!(session.query("SELECT count(*) FROM public.accounts").value(), "50");
        assert_eq!(session.extended("SELECT count(*) FROM sales.leads", &[]).value(), "20");
    }
}

#[test]
fn a_scope_that_names_nothing_is_refused_when_made() {
    let gate = Gate::new(pg::distribution());
    let create = |scope: &str| {
        gate.cli(&[
            "grant",
            "create",
            "--user",
            "alice",
            "--database",
            &gate.database,
            "--ttl",
            "10m",
            "--reason",
            "a scope with a typo",
            "--scope",
            scope,
        ])
    };
    let output = create("update:public.ordesr");
    assert!(!output.success);
    assert!(output.stderr.contains("public.orders"), "the nearest name: {}", output.stderr);
    for bad in ["update", "update:", "update:orders", "grant:public.orders", "update:public.*x", ""]
    {
        let output = create(bad);
        assert!(!output.success && !output.stderr.is_empty(), "{bad}");
        assert!(!output.stderr.contains("panicked"), "{}", output.stderr);
    }
}

#[test]
fn a_database_without_a_writer_has_no_scopes() {
    // A configuration of its own, since the usual one names a writer.
    let pg = pg::distribution();
    let gate = Gate::new(pg);
    let text = std::fs::read_to_string(gate.path("proxy.toml")).unwrap();
    let without: String =
        text.lines().filter(|l| !l.starts_with("writer")).map(|l| format!("{l}\n")).collect();
    std::fs::write(gate.path("proxy.toml"), without).unwrap();
    let mut gate = gate;
    gate.kill_and_restart();
    let output = gate.cli(&[
        "grant",
        "create",
        "--user",
        "alice",
        "--database",
        &gate.database,
        "--ttl",
        "10m",
        "--reason",
        "there is no writer",
        "--scope",
        "update:public.orders",
    ]);
    assert!(!output.success);
    assert!(output.stderr.contains("writer"), "{}", output.stderr);
}

#[test]
fn following_the_hint_makes_it_pass() {
    let pg = pg::distribution();
    let gate = Gate::new(pg);
    let mut session = gate.session(&gate.read_grant());
    let reply = session.query("UPDATE public.orders SET note = 'y' WHERE id = 2");
    let hint = reply.errors[0].hint().to_owned();
    let scope = hint.split("--scope ").nth(1).unwrap().split([' ', '`', '.']).next().unwrap();
    let scope = if scope.contains(':') && hint.contains("public.orders") {
        "update:public.orders"
    } else {
        panic!("no scope in {hint}")
    };
    let mut session = gate.session(&gate.write_grant(&[scope]));
    assert_eq!(
        session.query("UPDATE public.orders SET note = 'y' WHERE id = 2").tags,
        ["UPDATE 1"]
    );
}

#[test]
fn a_pipeline_commits_what_came_before_sync_and_nothing_after_a_refusal() {
    let pg = pg::distribution();
    let gate = Gate::with(pg, &Options::superuser());
    let mut session = gate.session(&gate.write_grant(&["insert:public.victim"]));
    let insert = |n: u32| {
        [
            m::parse("", &format!("INSERT INTO public.victim VALUES ({n})"), &[]),
            m::bind("", "", &[]),
            m::execute("", 0),
        ]
        .concat()
    };
    session.send(
        &[
            insert(1),
            m::sync(),
            insert(2),
            m::parse("", "DELETE FROM accounts", &[]),
            insert(3),
            m::sync(),
            insert(4),
            m::sync(),
        ]
        .concat(),
    );
    let replies: Vec<String> = (0..3).map(|_| session.reply().sequence).collect();
    assert_eq!(replies, ["12CZ", "12CEZ", "12CZ"]);
    assert_eq!(pg.victims(&gate.database), "2");
}
