//! Whole texts judged, from bytes to verdict: attacks are refused, honest texts pass.

use std::sync::Arc;

use super::catalogue::{Cast, Function, Inherits, Operator, Relation, Shape, Snapshot, Type};
use super::reach::{Source, Text, TextOf};
use super::*;
use crate::base::GrantId;

/// Terms of a read grant.
pub(crate) fn read_terms() -> Terms {
    Terms {
        grant: GrantId::from_random(7),
        user: "alice".into(),
        database: "app".into(),
        reason: "INC-4211 stuck orders".into(),
        ticket: None,
        scopes: Arc::new([]),
        expires_at: 60_000_000,
        write_path: ["public".into()].into(),
        caps: Caps { statement_timeout_ms: 300_000, ..Caps::default() },
        statement_bytes_max: 1024 * 1024,
        row_caps: RowCaps::default(),
    }
}

/// Terms of a grant with these scopes; with one on an unrelated table when none is named.
pub(crate) fn write_terms(scopes: &[&str]) -> Terms {
    let scopes = if scopes.is_empty() { &["insert:other.other"] } else { scopes };
    let scopes: Vec<Scope> =
        scopes.iter().flat_map(|s| Scope::parse_list(s).expect("scope")).collect();
    Terms { scopes: scopes.into(), ..read_terms() }
}

/// System relations that tools name without their schema.
const SYSTEM: &str = "\
    pg_init_privs pg_opclass pg_opfamily pg_amop pg_amproc pg_ts_parser pg_ts_template \
    pg_ts_dict pg_default_acl pg_transform pg_publication pg_subscription \
    pg_largeobject_metadata pg_db_role_setting pg_publication_rel pg_am pg_attrdef pg_attribute pg_authid pg_auth_members pg_cast pg_collation \
    pg_constraint pg_conversion pg_database pg_depend pg_description pg_enum \
    pg_event_trigger pg_extension pg_foreign_data_wrapper pg_foreign_server pg_foreign_table \
    pg_index pg_indexes pg_inherits pg_language pg_matviews pg_operator pg_partitioned_table \
    pg_policy pg_proc pg_range pg_rewrite pg_roles pg_sequence pg_sequences pg_shdescription \
    pg_stat_all_tables pg_stat_database pg_stat_replication pg_stat_user_tables \
    pg_statistic_ext pg_stats pg_tables pg_tablespace pg_timezone_names pg_trigger \
    pg_ts_config pg_type pg_user pg_views";

/// A database with a bit of everything.
fn snapshot() -> Snapshot {
    let relation = |schema: &str, name: &str, kind| Relation {
        schema: schema.into(),
        name: name.into(),
        kind,
        rules: name == "ruled",
    };
    let function = |schema: &str, name: &str, extension: Option<&str>| Function {
        schema: schema.into(),
        name: name.into(),
        extension: extension.map(Into::into),
        takes_row: name == "full_name",
        takes_one: matches!(name, "full_name" | "f" | "upper"),
        ..Function::default()
    };
    let user_type = |oid, name: &str, shape| Type {
        oid,
        schema: "public".into(),
        name: name.into(),
        extension: None,
        shape,
    };
    let operator = |name: &str, extension: Option<&str>| Operator {
        schema: "public".into(),
        name: name.into(),
        extension: extension.map(Into::into),
        ..Operator::default()
    };
    Snapshot {
        major: 15,
        other_encoding: false,
        functions: vec![
            function("public", "f", None),
            function("public", "reverse", None),
            function("public", "full_name", None),
            function("public", "pg_stat_statements", Some("pg_stat_statements")),
        ],
        types: vec![
            user_type(20_001, "mood", Shape::Enum),
            user_type(20_002, "pair", Shape::Composite(vec![])),
            user_type(20_003, "email", Shape::Domain { base: 25, checked: true }),
            user_type(20_004, "people", Shape::Composite(vec![20_003])),
            user_type(20_005, "euro", Shape::Composite(vec![])),
        ],
        casts: vec![Cast {
            source: 23,
            to: 20_005,
            schema: "public".into(),
            target: "euro".into(),
            implicit: false,
            assigned: false,
            function: ("public".into(), "to_euro".into()),
            extension: None,
        }],
        operators: vec![operator("###", None), operator("@>", Some("hstore"))],
        relations: vec![
            relation("public", "orders", 'r'),
            relation("public", "items", 'r'),
            relation("public", "log", 'p'),
            relation("public", "ruled", 'r'),
            relation("public", "open_orders", 'v'),
            relation("public", "remote", 'f'),
            relation("s2", "orders", 'r'),
            relation("s2", "only_here", 'r'),
            relation("pg_catalog", "pg_class", 'r'),
            relation("pg_catalog", "pg_settings", 'v'),
            relation("public", "parent", 'r'),
            relation("public", "child", 'r'),
            relation("public", "totals", 'm'),
            relation("pg_catalog", "pg_namespace", 'r'),
            relation("pg_catalog", "pg_stat_activity", 'v'),
            relation("pg_catalog", "pg_locks", 'v'),
            relation("public", "pgbench_accounts", 'r'),
            relation("public", "pg_stat_statements", 'r'),
            relation("public", "log_2026", 'r'),
            relation("public", "mv", 'm'),
            relation("public", "items_id_seq", 'S'),
            relation("public", "orders_id_seq", 'S'),
            relation("public", "sq", 'S'),
            relation("s2", "t", 'r'),
            relation("s2", "Odd.Name", 'r'),
        ]
        .into_iter()
        .chain(SYSTEM.split_whitespace().map(|name| relation("pg_catalog", name, 'v')))
        .collect(),
        source: Source {
            texts: vec![Text {
                of: TextOf::View { schema: "public".into(), name: "open_orders".into() },
                label: "query".into(),
                sql: "SELECT id FROM public.orders".into(),
            }],
            ..Source::default()
        },
        inherits: vec![Inherits {
            parent: ("public".into(), "parent".into()),
            child: ("public".into(), "child".into()),
        }],
        schemas: vec!["public".into(), "s2".into(), "staging".into()],
    }
}

#[derive(Debug)]
struct Fixed {
    catalogue: Arc<Catalogue>,
    settings: Arc<JudgeSettings>,
}

impl JudgeSource for Fixed {
    fn epoch(&self) -> u64 {
        1
    }

    fn catalogue(&self, _: &str) -> Arc<Catalogue> {
        Arc::clone(&self.catalogue)
    }

    fn settings(&self) -> Arc<JudgeSettings> {
        Arc::clone(&self.settings)
    }
}

/// One that asks for no WHERE, so that statements can be short.
fn judge() -> Judge {
    judge_with(false)
}

pub(crate) fn judge_with(require_where: bool) -> Judge {
    let settings = JudgeSettings::new(&[], &[], true).expect("settings");
    let settings = settings.require_where(require_where);
    let catalogue = Arc::new(Catalogue::new(snapshot()));
    Judge::new(Arc::new(Fixed { catalogue, settings: Arc::new(settings) }), [7; 16])
}

/// Judges a text, on this thread whatever its size.
pub(crate) fn judged(judge: &mut Judge, text: &str, terms: &Terms) -> std::rc::Rc<Judgement> {
    let case = Case { text: text.as_bytes(), parameter_types: &[], terms, utf8: true, wall: 0 };
    if let Some(judgement) = judge.judge(&case) {
        return judgement;
    }
    let done = judge.take_large().expect("a job").run();
    judge.supply(done);
    judge.judge(&case).expect("supplied")
}

/// The rule that refuses a text; `None` when it passes (capped or not).
pub(crate) fn refused(judge: &mut Judge, text: &str, terms: &Terms) -> Option<Refused> {
    match &judged(judge, text, terms).verdict {
        Verdict::Pass | Verdict::Replace { .. } => None,
        Verdict::Refuse(r) => Some(Refused(r.rule, format!("{} {}", r.sqlstate, r.message))),
    }
}

#[derive(Debug, PartialEq)]
pub(crate) struct Refused(pub(crate) &'static str, pub(crate) String);

/// SECURITY.md 1.1 to 1.3 and 1.7: what must be refused on every read grant.
const ATTACKS: &str = include_str!("data/attacks.sql");

#[test]
fn every_attack_is_refused_on_a_read_grant() {
    let mut judge = judge();
    let terms = read_terms();
    let mut wrong = Vec::new();
    for text in ATTACKS.lines().filter(|l| !l.is_empty() && !l.starts_with("--")) {
        match refused(&mut judge, text, &terms) {
            None => wrong.push(format!("passed: {text}")),
            // An attack that is refused as unreadable proves nothing.
            Some(why) if why.0 == "unreadable" => wrong.push(format!("{}: {text}", why.1)),
            Some(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_attack_is_refused_in_any_company_and_spelling() {
    let mut judge = judge();
    let terms = read_terms();
    let rewrites: [fn(&str) -> String; 7] = [
        |t| format!("SELECT 1; {t}"),
        |t| format!("{t}; SELECT 1"),
        |t| format!("BEGIN; {t}; COMMIT;"),
        |t| format!("/* a /* b */ c */ -- x\n{t} -- ;"),
        |t| format!("\u{feff}{t}"),
        |t| t.replace(' ', "\n/**/\t"),
        |t| if t.contains(['\'', '"', '$']) { t.to_owned() } else { t.to_lowercase() },
    ];
    let mut passed = Vec::new();
    for attack in ATTACKS.lines().filter(|l| !l.is_empty() && !l.starts_with("--")) {
        for text in rewrites.iter().map(|rewrite| rewrite(attack)) {
            if refused(&mut judge, &text, &terms).is_none() {
                passed.push(text);
            }
        }
    }
    assert!(passed.is_empty(), "passed:\n{}", passed.join("\n"));
}

#[test]
fn an_attack_stays_refused_with_scopes_on_other_tables() {
    let mut judge = judge();
    // What a write grant may do on its own session is no attack: it runs without the setting.
    let own = ["READ WRITE", "transaction_read_only", "SET default_transaction_read_only"];
    let terms = write_terms(&["insert,update,delete,truncate:public.other"]);
    let mut passed = Vec::new();
    for text in ATTACKS.lines().filter(|l| !l.is_empty() && !l.starts_with("--")) {
        let owned = own.iter().any(|own| text.contains(own)) && !text.contains("orders");
        if !owned && refused(&mut judge, text, &terms).is_none() {
            passed.push(text);
        }
    }
    assert!(passed.is_empty(), "passed:\n{}", passed.join("\n"));
}

#[test]
fn what_tools_send_passes_on_a_read_grant() {
    let mut judge = judge();
    let terms = read_terms();
    let corpora = [
        include_str!("../../tests/corpus/honest/psql.sql"),
        include_str!("../../tests/corpus/honest/pg_dump.sql"),
        include_str!("../../tests/corpus/honest/jdbc.sql"),
        include_str!("../../tests/corpus/honest/python.sql"),
        include_str!("../../tests/corpus/honest/drivers.sql"),
    ];
    let mut count = 0;
    let mut wrong = Vec::new();
    for text in corpora.iter().flat_map(|corpus| corpus.split("\n;;")) {
        count += 1;
        if let Some(why) = refused(&mut judge, text, &terms) {
            wrong.push(format!("{why:?}\n    {}", text.trim().replace('\n', "\n    ")));
        }
    }
    assert!(count > 450, "{count}");
    assert!(wrong.is_empty(), "{} of {count} refused:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn scopes_permit_their_verb_on_their_table() {
    let mut judge = judge();
    let scopes = ["insert,update:public.orders", "insert:public.log", "delete:s2.*"];
    let terms = write_terms(&scopes);
    for (text, rule) in [
        ("UPDATE public.orders SET total = 1 WHERE id = 1", None),
        ("UPDATE orders SET total = 1 WHERE id = 1", None),
        ("INSERT INTO orders(customer) VALUES ('x') RETURNING id", None),
        ("INSERT INTO orders(id) VALUES (1) ON CONFLICT (id) DO UPDATE SET total = 2", None),
        ("INSERT INTO log VALUES (now(), 'x')", None),
        ("COPY orders FROM STDIN", None),
        ("DELETE FROM s2.only_here", None),
        ("WITH x AS (UPDATE orders SET total = 1 RETURNING *) SELECT * FROM x", None),
        ("PREPARE p AS UPDATE orders SET total = $1", None),
        ("EXPLAIN ANALYZE UPDATE orders SET total = 1", None),
        ("BEGIN READ WRITE; UPDATE orders SET total = 1; COMMIT", None),
        ("SET default_transaction_read_only = off", None),
        ("SELECT * FROM orders FOR UPDATE", None),
        ("SELECT * FROM orders o FOR NO KEY UPDATE OF o", None),
        ("LOCK TABLE orders IN EXCLUSIVE MODE", None),
        ("SELECT * FROM items", None),
        ("DELETE FROM orders", Some("write_without_scope")),
        ("TRUNCATE orders", Some("write_without_scope")),
        ("INSERT INTO log VALUES (now(), 'x') ON CONFLICT DO NOTHING", None),
        ("UPDATE log SET msg = 'x'", Some("write_without_scope")),
        ("UPDATE s2.orders SET a = 1", Some("write_without_scope")),
        ("DELETE FROM only_here", Some("write_target")),
        ("UPDATE items SET doc = NULL FROM orders", Some("write_without_scope")),
        (
            "WITH x AS (DELETE FROM items RETURNING 1) INSERT INTO orders(id) SELECT 1 FROM x",
            Some("write_without_scope"),
        ),
        (
            "MERGE INTO orders o USING items i ON o.id = i.id WHEN MATCHED THEN DELETE",
            Some("write_without_scope"),
        ),
        (
            "MERGE INTO orders o USING items i ON o.id = i.id WHEN MATCHED THEN UPDATE SET total = 1",
            None,
        ),
        ("UPDATE pg_settings SET setting = 'off'", Some("write_target")),
        ("UPDATE pg_temp.orders SET total = 1", Some("write_target")),
        ("UPDATE nowhere SET a = 1", Some("write_target")),
        ("SELECT * FROM items FOR UPDATE", Some("row_lock")),
        ("LOCK TABLE items IN EXCLUSIVE MODE", Some("table_lock")),
        ("SET search_path = s2", Some("setting")),
        ("SELECT set_config('search_path', 's2', false)", Some("setting")),
        ("CREATE TABLE t(a int)", Some("ddl")),
        ("SELECT * INTO t FROM orders", Some("creates")),
        ("DO $$ BEGIN END $$", Some("do")),
        ("CALL p()", Some("call")),
        ("VACUUM orders", Some("maintain")),
        ("COPY orders FROM '/etc/passwd'", Some("copy_server")),
        ("PREPARE TRANSACTION 'x'", Some("two_phase")),
        ("NOTIFY x", Some("notification")),
        ("UPDATE orders SET total = f(1)", Some("function_user")),
        ("INSERT INTO orders SELECT nextval('sq')", Some("function")),
    ] {
        let found = refused(&mut judge, text, &terms);
        assert_eq!(found.as_ref().map(|r| r.0), rule, "{text}: {found:?}");
    }
    let terms = write_terms(&["truncate:public.*", "update:public.*", "insert:public.*"]);
    for (text, rule) in [
        ("TRUNCATE orders, items RESTART IDENTITY", None),
        ("TRUNCATE orders CASCADE", Some("truncate_cascade")),
        ("UPDATE open_orders SET total = 1", Some("write_target")),
        ("INSERT INTO remote VALUES (1)", Some("write_target")),
        ("INSERT INTO ruled VALUES (1)", Some("write_target")),
    ] {
        let found = refused(&mut judge, text, &terms);
        assert_eq!(found.as_ref().map(|r| r.0), rule, "{text}: {found:?}");
    }
}

#[test]
fn a_refusal_says_what_would_be_allowed() {
    let mut judge = judge();
    let terms = read_terms();
    for (text, message, hint) in [
        (
            "UPDATE orders SET total = 0",
            "25006 pgward: UPDATE on public.orders refused: grant g_0000000007 is read-only",
            "--scope update:public.orders",
        ),
        (
            "INSERT INTO only_here VALUES (1) ON CONFLICT DO UPDATE SET a = 1",
            "25006 pgward: INSERT on s2.only_here refused: grant g_0000000007 is read-only",
            "--scope insert,update:s2.only_here",
        ),
        (
            "UPDATE nosuch SET total = 0 WHERE id = 1",
            "25006 pgward: UPDATE on nosuch refused: no such table is known in this database",
            "Name the table as schema.table, and see that it is a table of this database.",
        ),
        (
            "DELETE FROM public.nosuch WHERE id = 1",
            "25006 pgward: DELETE on public.nosuch refused: no such table is known in this database",
            "If it was made just now, send the statement again in a second.",
        ),
        (
            "SET ROLE postgres",
            "42501 pgward: SET ROLE refused: a session keeps the role it was given",
            "No grant allows it: leave it out (RESET ROLE passes).",
        ),
        ("SELEC 1", "42601 pgward: syntax error at or near \"SELEC\"", ""),
        (
            "BEGIN READ WRITE",
            "25006 pgward: BEGIN READ WRITE refused: grant g_0000000007 is read-only",
            "Leave READ WRITE out.",
        ),
        (
            "PREPARE p AS SELECT 1; EXECUTE p",
            "42501 pgward: EXECUTE refused: it depends on PREPARE in the same string",
            "after PREPARE.",
        ),
        (
            "SET statement_timeout = 0; SELECT 1",
            "42501 pgward: \"statement_timeout\" above its cap of 5min refused",
            "Send the SET as a statement of its own.",
        ),
        (
            "SELECT reverse('x')",
            "42501 pgward: function public.reverse refused: it is not known",
            "Write pg_catalog.reverse, or",
        ),
    ] {
        let judgement = judged(&mut judge, text, &terms);
        let Verdict::Refuse(refusal) = &judgement.verdict else { panic!("{text} passed") };
        assert_eq!(format!("{} {}", refusal.sqlstate, refusal.message), message);
        let found = refusal.hint.as_deref().unwrap_or_default();
        assert!(found.contains(hint), "{text}: {found}");
    }
}

#[test]
fn the_command_of_the_hint_makes_the_statement_pass() {
    let mut judge = judge();
    for (before, text) in [
        (&[][..], "UPDATE orders SET total = 0"),
        (&[], "INSERT INTO only_here VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 1"),
        (&["update:public.orders"], "DELETE FROM public.items"),
        (&[], "WITH x AS (DELETE FROM items RETURNING 1) INSERT INTO log SELECT now(), 'x' FROM x"),
        (&[], "MERGE INTO orders o USING items i ON o.id = i.id WHEN MATCHED THEN DELETE"),
        (&[], "TRUNCATE orders, items"),
        (&[], "COPY log FROM STDIN"),
        (&[], "SELECT * FROM orders FOR UPDATE"),
    ] {
        let terms = if before.is_empty() { read_terms() } else { write_terms(before) };
        let judgement = judged(&mut judge, text, &terms);
        let Verdict::Refuse(refusal) = &judgement.verdict else { panic!("{text} passed") };
        let hint = refusal.hint.clone().expect("a hint");
        let words: Vec<&str> = hint.split(' ').collect();
        let scopes: Vec<&str> =
            words.windows(2).filter(|w| w[0] == "--scope").map(|w| w[1]).collect();
        // The schema that the HINT names must be on the path, or written, to be found.
        let mut terms = write_terms(&scopes);
        terms.write_path = ["public".into(), "s2".into()].into();
        let found = refused(&mut judge, text, &terms);
        assert_eq!(found, None, "{text}: {hint}");
    }
}

#[test]
fn a_timeout_above_its_cap_is_replaced() {
    let mut judge = judge();
    let judgement = judged(&mut judge, "set statement_timeout to '1h'", &read_terms());
    let Verdict::Replace { text, notice } = &judgement.verdict else { panic!("{judgement:?}") };
    assert_eq!(text, "SET statement_timeout = '300000ms'");
    assert_eq!(notice.message, "pgward: statement_timeout set to its cap of 5min");
}

#[test]
fn verdicts_are_kept_by_everything_but_the_grant() {
    let mut judge = judge();
    let (alice, mut bob) = (read_terms(), read_terms());
    bob.grant = GrantId::from_random(8);
    let first = judged(&mut judge, "SELECT 1", &alice);
    assert!(std::rc::Rc::ptr_eq(&first, &judged(&mut judge, "SELECT 1", &bob)));
    let told = |judge: &mut Judge, terms| refused(judge, "DELETE FROM orders", terms).map(|r| r.1);
    assert!(told(&mut judge, &alice).is_some_and(|m| m.contains("g_0000000007")));
    assert!(told(&mut judge, &bob).is_some_and(|m| m.contains("g_0000000008")));
    let writer = write_terms(&["delete:public.orders"]);
    assert_eq!(told(&mut judge, &writer), None);
    assert!(told(&mut judge, &alice).is_some());
}

#[test]
fn large_texts_are_judged_elsewhere_and_found_again() {
    let mut judge = judge();
    let terms = read_terms();
    let text = format!("SELECT * FROM orders WHERE id IN ({}1)", "1, ".repeat(5_000));
    let case =
        Case { text: text.as_bytes(), parameter_types: &[], terms: &terms, utf8: true, wall: 0 };
    assert!(judge.judge(&case).is_none());
    let job = judge.take_large().expect("a job");
    let done = std::thread::spawn(move || job.run()).join().expect("judged");
    judge.supply(done);
    assert_eq!(judge.judge(&case).expect("supplied").verdict, Verdict::Pass);
    // Beyond the limit nothing is parsed at all.
    let long = vec![b' '; terms.statement_bytes_max + 1];
    let found = judge.judge(&Case { text: &long, ..case }).expect("refused at once");
    let Verdict::Refuse(refusal) = &found.verdict else { panic!("passed") };
    assert_eq!(refusal.rule, "statement_too_long");
}

#[test]
fn statements_are_described_for_the_record() {
    let mut judge = judge();
    let text = "SELECT * FROM orders, public.items; ALTER ROLE x PASSWORD 'secret'";
    let judgement = judged(&mut judge, text, &read_terms());
    let [select, alter] = judgement.statements.as_slice() else { panic!("{judgement:?}") };
    assert_eq!(*select.objects, ["orders", "public.items"]);
    assert_eq!(&text[select.span.clone()], "SELECT * FROM orders, public.items");
    assert_eq!((select.operation, select.writes), ("SELECT", false));
    assert!(alter.redacted.as_ref().is_some_and(|t| !t.contains("secret")));
    for (text, operation) in [("", "EMPTY"), (" -- x", "EMPTY"), ("SELEC", "UNREAD")] {
        let judgement = judged(&mut judge, text, &read_terms());
        assert_eq!(judgement.statements.len(), 1);
        assert_eq!(judgement.statements[0].operation, operation, "{text:?}");
    }
}

#[test]
fn every_function_of_the_grammar_is_in_the_table() {
    let functions = functions::Functions::new(&[], &[]).expect("table");
    for (name, _) in crate::sql::SYNTAX_FUNCTIONS {
        assert!(functions.class(name).is_some(), "{name}");
    }
}
