//! Hand-made snapshots: what each object reaches, and what a client is told.

use super::*;
use crate::policy::catalogue::{Cast, Function, Operator, Relation, Shape, Snapshot, Type};
use crate::sql::facts::Name;

fn function(oid: u32, name: &str, language: &str, body: &str) -> Function {
    Function {
        oid,
        schema: "public".into(),
        name: name.into(),
        language: language.into(),
        body: body.into(),
        kind: 'f',
        ..Function::default()
    }
}

fn view(name: &str, sql: &str) -> (Relation, Text) {
    let of = TextOf::View { schema: "public".into(), name: name.into() };
    (relation(name, 'v'), Text { of, label: "query".into(), sql: sql.into() })
}

fn relation(name: &str, kind: char) -> Relation {
    Relation { schema: "public".into(), name: name.into(), kind, rules: false }
}

fn type_of(oid: u32, name: &str, shape: Shape) -> Type {
    Type { oid, schema: "public".into(), name: name.into(), extension: None, shape }
}

fn functions(allow: &[&str], refuse: &[&str]) -> Functions {
    let owned = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    Functions::new(&owned(allow), &owned(refuse)).expect("names")
}

/// The chain for the function of this name in a database with `all` and a table `log`.
fn chain(all: Vec<Function>, name: &str, functions: &Functions) -> Option<String> {
    let at = all.iter().position(|f| &*f.name == name).expect("there");
    let catalogue = Catalogue::new(Snapshot {
        major: 15,
        functions: all,
        relations: vec![relation("log", 'r')],
        ..Snapshot::default()
    });
    catalogue.refused(Node::Function(at), functions).map(|found| found.chain.clone())
}

#[test]
fn functions_are_judged_by_their_bodies() {
    let plain = functions(&[], &[]);
    for (language, body, expected) in [
        ("sql", "SELECT count(*) FROM log WHERE a = $1", None),
        ("sql", "SELECT 1; SELECT lower('x')", None),
        ("sql", "INSERT INTO public.log VALUES (1); SELECT 1", Some("writes public.log")),
        ("sql", "WITH w AS (DELETE FROM log RETURNING 1) SELECT * FROM w", Some("writes log")),
        ("sql", "SELECT nextval('s')", Some("calls pg_catalog.nextval, which advances")),
        ("sql", "SELECT nothing(1)", Some("calls nothing, which is not known")),
        ("sql", "SELECT * FROM nowhere", Some("reads nowhere, which is not known")),
        ("sql", "SELECT * FROM log FOR UPDATE", Some("locks rows")),
        ("sql", "SELECT 1 FROM", Some("can't be read: syntax error")),
        ("sql", "SELECT set_config('search_path', 'x', false)", Some("sets search_path")),
        ("sql", "SET work_mem = '1MB'", None),
        ("sql", "NOTIFY x", Some("runs NOTIFY")),
        ("sql", "CREATE TABLE t ()", Some("runs CREATE TABLE")),
        ("sql", "SELECT f()", None),
        (
            "plpgsql",
            "DECLARE n int := 0; BEGIN SELECT count(*) INTO n FROM log; RETURN n; END",
            None,
        ),
        (
            "plpgsql",
            "BEGIN FOR i IN 1..3 LOOP RETURN NEXT i * random(); END LOOP; EXCEPTION WHEN others THEN RAISE NOTICE '%', sqlerrm; END",
            None,
        ),
        ("plpgsql", "BEGIN UPDATE log SET a = 1; END", Some("writes log")),
        ("plpgsql", "BEGIN EXECUTE 'SELECT 1'; END", Some("runs SQL that it makes at run time")),
        ("plpgsql", "BEGIN RETURN pg_notify('a', 'b'); END", Some("calls pg_catalog.pg_notify")),
        ("plpgsql", "DECLARE r log%ROWTYPE; BEGIN RETURN r; END", Some("uses the type log, which")),
        ("plpgsql", "BEGIN COMMIT; END", Some("runs COMMIT")),
        ("plpgsql", "BEGIN CREATE TEMP TABLE t AS SELECT 1; END", Some("makes a table")),
        ("plpgsql", "garbage", Some("has a PL/pgSQL body that can't be read")),
        ("plpython3u", "", Some("is written in plpython3u")),
        ("c", "", Some("is written in c")),
    ] {
        let found = chain(vec![function(20_001, "f", language, body)], "f", &plain);
        match expected {
            None => assert_eq!(found, None, "{body}"),
            Some(words) => {
                let found = found.unwrap_or_else(|| panic!("{body} passes"));
                assert!(
                    found.starts_with("function public.f ") && found.contains(words),
                    "{found}"
                );
            }
        }
    }
}

#[test]
fn clauses_count_too() {
    let plain = functions(&[], &[]);
    let with = |change: &dyn Fn(&mut Function)| {
        let mut f = function(20_001, "f", "sql", "SELECT 1");
        change(&mut f);
        chain(vec![f], "f", &plain).unwrap_or_default()
    };
    assert_eq!(with(&|_| {}), "");
    assert_eq!(with(&|f| f.settings = vec!["search_path=public".into()]), "");
    assert!(with(&|f| f.settings = vec!["role=boss".into()]).contains("SET role"));
    let read_write = "default_transaction_read_only=off";
    assert!(with(&|f| f.settings = vec![read_write.into()]).contains("SET default"));
    assert!(with(&|f| f.security_definer = true).contains("SECURITY DEFINER"));
    assert!(with(&|f| f.defaults = "1, nextval('s')".into()).contains("nextval"));
    assert!(with(&|f| f.kind = 'a').contains("is not known"));
    assert!(with(&|f| f.types = vec![30_000]).contains("OID 30000"));
    let standard = |body: &str| with(&|f| (f.standard, f.body) = (true, body.into()));
    assert_eq!(standard("RETURN lower($1)"), "");
    assert_eq!(standard("BEGIN ATOMIC\n SELECT 1;\n SELECT 2;\nEND"), "");
    assert!(standard("BEGIN ATOMIC\n INSERT INTO log VALUES (1);\nEND").contains("writes log"));
    assert!(standard("SELECT 1").contains("can't be read"));
}

#[test]
fn the_shortest_way_is_the_reason_and_cycles_end() {
    let all = || {
        vec![
            function(20_001, "f", "sql", "SELECT g(1)"),
            function(20_002, "g", "plpgsql", "BEGIN PERFORM h(); PERFORM f(); END"),
            function(20_003, "h", "sql", "DELETE FROM public.log"),
            function(20_004, "a", "sql", "SELECT b()"),
            function(20_005, "b", "sql", "SELECT a()"),
        ]
    };
    let plain = functions(&[], &[]);
    let expected =
        "function public.f calls public.g, which calls public.h, which writes public.log";
    assert_eq!(chain(all(), "f", &plain).as_deref(), Some(expected));
    assert_eq!(chain(all(), "a", &plain), None);
    // Whoever is allowed is not looked into.
    for allowed in ["public.f", "public.g", "public.h"] {
        assert_eq!(chain(all(), "f", &functions(&[allowed], &[])), None, "{allowed}");
    }
    let refused = chain(all(), "a", &functions(&[], &["public.b"]));
    assert!(refused.is_some_and(|chain| chain.ends_with("public.b, which is refused by the configuration")));
}

/// A database in which each name reaches a writer by another way.
fn database() -> Catalogue {
    let views = [
        view("fine", " SELECT count(*) AS n FROM public.log"),
        view("bad", " SELECT public.w(1) AS w, public.w2() AS w2"),
        view("above", " SELECT * FROM public.bad"),
        view("lock", " SELECT pg_advisory_lock(1)"),
        view("cut", " SELEC"),
    ];
    let mut relations = vec![
        relation("log", 'r'),
        relation("policed", 'r'),
        relation("mat", 'm'),
        relation("remote", 'f'),
        relation("program", 'f'),
        relation("parts", 'p'),
        relation("strange", 'f'),
    ];
    let (made, mut texts): (Vec<_>, Vec<_>) = views.into_iter().unzip();
    relations.extend(made);
    texts.push(Text {
        of: TextOf::Policy { schema: "public".into(), name: "policed".into() },
        label: "p".into(),
        sql: "(public.w(1) > 0)".into(),
    });
    for (oid, sql) in [(20_101, "(VALUE > 0)"), (20_102, "(public.w(VALUE) > 0)")] {
        texts.push(Text { of: TextOf::Domain(oid), label: "c".into(), sql: sql.into() });
    }
    let foreign = |name: &str, table: &str, handler, program| Foreign {
        schema: "public".into(),
        name: name.into(),
        table: table.into(),
        wrapper: "w".into(),
        handler,
        program,
    };
    let of_extension = |oid, name: &str, extension: &str| Function {
        extension: Some(extension.into()),
        ..function(oid, name, "c", "")
    };
    let aggregate = Function { kind: 'a', ..function(20_010, "agg", "internal", "") };
    let operator = |oid, name: &str| Operator {
        oid,
        schema: "public".into(),
        name: name.into(),
        extension: None,
    };
    let used = |owner, function, builtin: Option<&str>| Use {
        owner,
        function,
        builtin: builtin.map(Into::into),
    };
    Catalogue::new(Snapshot {
        major: 15,
        other_encoding: false,
        functions: vec![
            function(20_001, "w", "sql", "INSERT INTO public.log VALUES ($1); SELECT 1"),
            Function { takes_one: true, ..function(20_002, "w2", "plpython3u", "") },
            aggregate,
            of_extension(20_011, "file_fdw_handler", "file_fdw"),
            of_extension(20_012, "strange_handler", "strange"),
            of_extension(20_013, "vec_in", "strange"),
            Function {
                trigger: true,
                ..function(20_014, "max", "plpgsql", "BEGIN EXECUTE 1; END")
            },
            Function {
                takes_row: true,
                takes_one: true,
                ..function(20_015, "full", "plpython3u", "")
            },
        ],
        types: vec![
            type_of(20_101, "checked", Shape::Domain { base: 23, checked: true }),
            type_of(20_102, "writer", Shape::Domain { base: 23, checked: true }),
            type_of(20_103, "pair", Shape::Composite(vec![20_102])),
            type_of(20_104, "log", Shape::Composite(vec![20_102])),
            type_of(20_105, "vec", Shape::Base),
            type_of(20_106, "mood", Shape::Enum),
            type_of(20_107, "raw", Shape::Base),
            type_of(20_108, "pairs", Shape::Array(20_103)),
        ],
        inherits: Vec::new(),
        schemas: Vec::new(),
        casts: vec![Cast {
            source: 20_106,
            to: 23,
            schema: "pg_catalog".into(),
            target: "int4".into(),
            implicit: true,
            assigned: false,
            function: ("public".into(), "w".into()),
            extension: None,
        }],
        operators: vec![operator(20_201, "###"), operator(20_202, "~~>"), operator(20_203, "==>")],
        relations,
        source: Source {
            fired: Vec::new(),
            uses: vec![
                used(Owner::Function(20_010), 20_001, None),
                used(Owner::Operator(20_201), 20_001, None),
                used(Owner::Operator(20_202), 65, Some("int4eq")),
                used(Owner::Operator(20_203), 3_036, Some("pg_notify")),
                used(Owner::Type(20_105), 20_013, None),
            ],
            texts,
            foreign: vec![
                foreign("remote", "public.remote", 20_011, false),
                foreign("program", "public.program", 20_011, true),
                foreign("parts", "public.strange", 20_012, false),
                foreign("strange", "public.strange", 20_012, false),
            ],
        },
    })
}

fn judged(text: &str, functions: &Functions) -> Result<(), String> {
    use crate::policy::rules::Rules;
    use crate::policy::tests::read_terms;
    let terms = read_terms();
    let catalogue = database();
    let facts = crate::sql::read(text.as_bytes(), true, &crate::sql::Limits::default());
    let rules = Rules {
        terms: &terms,
        catalogue: &catalogue,
        functions,
        text: text.as_bytes(),
        require_where: true,
    };
    match rules.judge(&facts.expect(text), &[]) {
        Ok(_) => Ok(()),
        Err(reason) => {
            let refusal = reason.refusal(&terms, 0);
            let parts = [Some(refusal.message), refusal.detail, refusal.hint];
            Err(parts.map(Option::unwrap_or_default).join(" | "))
        }
    }
}

#[test]
fn every_way_to_a_writer_is_refused_with_the_line_that_allows_it() {
    for (text, allow) in [
        ("SELECT w(1)", "public.w"),
        ("SELECT * FROM bad", "public.w\", \"public.w2"),
        ("SELECT * FROM public.above", "public.w\", \"public.w2"),
        ("TABLE policed", "public.w"),
        ("SELECT 1::writer", "public.w"),
        ("SELECT writer '1'", "public.w"),
        ("SELECT NULL::pairs", "public.w"),
        ("SELECT jsonb_populate_record(l, '{}') FROM log l", "public.w"),
        ("SELECT agg(1)", "public.agg"),
        ("SELECT 1 ### 2", "public.w"),
        ("SELECT 1 ==> 2", "pg_catalog.pg_notify"),
        ("SELECT l.full FROM log l", "public.full"),
        ("SELECT * FROM lock", "pg_catalog.pg_advisory_lock"),
        ("SELECT * FROM program", "public.file_fdw_handler"),
        ("SELECT * FROM strange", "public.strange_handler"),
        ("SELECT * FROM parts", "public.strange_handler"),
        ("SELECT vec_in('x')", "public.vec_in"),
        ("SELECT 'y'::mood", "public.w"),
        ("SELECT ('x').writer", "public.w"),
        ("SELECT (1).w2", "public.w2"),
    ] {
        let refused = judged(text, &functions(&[], &[])).expect_err(text);
        let (_, line) = refused.split_once("policy.allow_functions: \"").expect(text);
        let line = line.split("\"; or,").next().unwrap_or(line).trim_end_matches('"');
        let names: Vec<&str> = line.split("\", \"").collect();
        let shown: Vec<&str> = names.iter().filter_map(|name| name.split('(').next()).collect();
        assert_eq!(shown.join("\", \""), allow, "{text}: {refused}");
        assert_eq!(judged(text, &functions(&names, &[])), Ok(()), "{text}");
        // A name without a definition stands for any.
        assert_eq!(judged(text, &functions(&shown, &[])), Ok(()), "{text}");
    }
}

#[test]
fn an_entry_is_of_one_definition() {
    let of = |body: &str, arguments: &str| Function {
        arguments: arguments.into(),
        ..function(20_001, "f", "sql", body)
    };
    let bad = of("DELETE FROM log", "integer, character varying");
    let entry = bad.entry();
    assert!(entry.starts_with("public.f(integer, character varying)@sha256:"), "{entry}");
    for (allow, words) in [
        (entry.as_str(), None),
        ("public.f", None),
        ("public.f(int,varchar)", None),
        ("public.f(integer)", Some("writes log")),
        ("public.f()", Some("writes log")),
        (
            &of("SELECT 1", "integer, character varying").entry(),
            Some("has another definition than the one that policy.allow_functions names"),
        ),
    ] {
        let found = chain(vec![bad.clone()], "f", &functions(&[allow], &[]));
        match words {
            None => assert_eq!(found, None, "{allow}"),
            Some(words) => assert!(found.is_some_and(|f| f.contains(words)), "{allow}"),
        }
    }
    // Refused by name stays refused.
    assert!(chain(vec![bad], "f", &functions(&[&entry], &["public.f"])).is_some());
}

#[test]
fn what_is_harmless_passes_and_what_is_unknown_does_not() {
    let plain = functions(&[], &[]);
    for text in [
        "SELECT * FROM fine",
        "SELECT * FROM mat",
        "SELECT * FROM remote",
        "SELECT 1::checked",
        "SELECT 'x'::vec",
        "SELECT 1 ~~> 2, 1 = 2",
        "SELECT max(1)",
        "SELECT l.a FROM log l",
        "WITH bad AS (SELECT 1) SELECT * FROM bad",
    ] {
        assert_eq!(judged(text, &plain), Ok(()), "{text}");
    }
    for (text, words) in [
        ("SELECT * FROM cut", "view public.cut refused: it can't be read"),
        ("SELECT * FROM nowhere", "\"nowhere\" refused: no such relation"),
        ("SELECT * FROM other.log", "no such relation"),
        ("SELECT 'x'::raw", "input function that is not known"),
        ("SELECT nothing()", "no such function is known"),
        ("SELECT 1::nothing", "no such type is known"),
    ] {
        let refused = judged(text, &plain).expect_err(text);
        assert!(refused.contains(words), "{text}: {refused}");
    }
    let chain = judged("SELECT * FROM above", &plain).expect_err("writes");
    assert!(
        chain.starts_with(
            "pgward: view public.above refused: public.w writes public.log | rule relation; view \
             public.above reads view public.bad, which calls public.w, which writes public.log;"
        ),
        "{chain}"
    );
    // What the operator refuses stays refused, whatever reaches it.
    let refused = judged("SELECT * FROM bad", &functions(&[], &["public.w"])).expect_err("refused");
    assert!(refused.contains("No line of the configuration"), "{refused}");
}

#[test]
fn other_lists_are_other_verdicts() {
    let catalogue = database();
    let at = catalogue.functions_at(&Name::bare("w")).next().expect("there");
    for (allow, passes) in [(&[][..], false), (&["public.w"][..], true), (&[][..], false)] {
        let functions = functions(allow, &[]);
        assert_eq!(catalogue.refused(Node::Function(at), &functions).is_none(), passes);
    }
    assert_eq!(catalogue.refusals(&functions(&[], &[])).len(), 14);
}
