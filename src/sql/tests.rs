//! Facts of texts, as tables: text → summary. What a summary leaves out is empty.

mod defines;
mod places;
mod plpgsql;
mod restrict;
mod texts;
mod tricks;

use proptest::prelude::*;

use super::facts::{Change, Facts, Setting, SettingBy, Statement, Unread};
use super::{Limits, Vote, read, redact, shape, veto};

/// Reads a text, which must be readable.
fn facts(text: &str) -> Facts {
    read(text.as_bytes(), true, &Limits::default()).unwrap_or_else(|why| panic!("{text}: {why:?}"))
}

fn unread(text: &str) -> Unread {
    read(text.as_bytes(), true, &Limits::default()).expect_err(text)
}

fn list<T: ToString>(label: &str, items: &[T]) -> String {
    if items.is_empty() {
        return String::new();
    }
    let items: Vec<String> = items.iter().map(ToString::to_string).collect();
    format!(" {label}={}", items.join(","))
}

fn setting(setting: &Setting) -> String {
    let name = setting.name.as_deref().unwrap_or("?");
    let change = match &setting.change {
        Change::To(value) => format!(":={value}"),
        Change::Unknown => ":=?".into(),
        Change::Reset => ":reset".into(),
    };
    let by = match setting.by {
        SettingBy::Set => "",
        SettingBy::SetLocal => "(local)",
        SettingBy::SetConfig => "(function)",
    };
    format!("{name}{change}{by}")
}

/// One statement in one line; operators and fields only on request.
fn summary(statement: &Statement) -> String {
    let writes: Vec<String> = statement
        .writes
        .iter()
        .map(|write| format!("{}:{}", write.verb.word(), write.table))
        .collect();
    let locks: Vec<String> = statement
        .row_locks
        .iter()
        .map(|lock| lock.as_ref().map_or("*".into(), ToString::to_string))
        .collect();
    let settings: Vec<String> = statement.settings.iter().map(setting).collect();
    format!(
        "{} {:?}{}{}{}{}{}{}{}{}",
        statement.operation,
        statement.action,
        list("reads", &statement.reads),
        list("writes", &writes),
        list("locks", &locks),
        list("calls", &statement.calls),
        list("types", &statement.types),
        list("settings", &settings),
        list("creates", &statement.creates),
        if statement.unrestricted { " unrestricted" } else { "" },
    )
}

fn summaries(text: &str) -> String {
    let all: Vec<String> = facts(text).statements.iter().map(summary).collect();
    all.join("; ")
}

fn check(cases: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for (text, expected) in cases {
        let got = match read(text.as_bytes(), true, &Limits::default()) {
            Ok(_) => summaries(text),
            Err(why) => format!("{why:?}"),
        };
        if got != *expected {
            wrong.push(format!("{text}\n  expected {expected}\n  got      {got}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn spans_are_of_the_text() {
    let cases: &[(&str, &[&str])] = &[
        ("", &[]),
        (" ; ;; ", &[]),
        ("select 1", &["select 1"]),
        ("  select 1 ;  ", &["select 1"]),
        (
            "/* tag */ select 1; -- é\n select 'ü' ;;select 3",
            &["/* tag */ select 1", "-- é\n select 'ü'", "select 3"],
        ),
        ("select ';'; select 2 -- ;", &["select ';'", "select 2 -- ;"]),
    ];
    for (text, expected) in cases {
        let spans: Vec<&str> =
            facts(text).statements.iter().map(|each| &text[each.span.clone()]).collect();
        assert_eq!(&spans, expected, "{text}");
    }
    let latin1 = b"select '\xe9\xe9' ; select \xe9 from t";
    let facts = read(latin1, false, &Limits::default()).unwrap();
    let second = facts.statements[1].span.clone();
    assert_eq!(&latin1[second], b"select \xe9 from t");
}

#[test]
fn bounds_and_errors_are_told() {
    let nested = format!("select {}1{}", "(".repeat(10_000), ")".repeat(10_000));
    let cases: &[(&str, &str)] = &[
        (
            "selec 1",
            r#"Syntax { message: "syntax error at or near \"selec\"", position: Some(1) }"#,
        ),
        ("select $0", r#"Syntax { message: "there is no parameter $0", position: Some(8) }"#),
        (
            "select date $1",
            r#"Syntax { message: "syntax error at or near \"$\"", position: Some(13) }"#,
        ),
        (
            "set work_mem = $1",
            r#"Syntax { message: "syntax error at or near \"$\"", position: Some(16) }"#,
        ),
        (
            "select extract($1 from now())",
            r#"Syntax { message: "syntax error at or near \"$\"", position: Some(16) }"#,
        ),
        ("select ?", r#"Syntax { message: "syntax error at end of input", position: Some(9) }"#),
        (&nested, r#"TooComplex { what: "nested parentheses", limit: 1000 }"#),
    ];
    check(cases);
    assert!(matches!(
        unread(&"select 1;".repeat(1_001)),
        Unread::TooComplex { what: "statements", .. }
    ));
    assert!(matches!(
        read(b"select '\xff'", true, &Limits::default()),
        Err(Unread::Encoding { offset: 8 })
    ));
    assert!(matches!(read(b"select 1\0", true, &Limits::default()), Err(Unread::Encoding { .. })));
    assert!(read(br"select E'\xff'", true, &Limits::default()).is_err());
    assert!(read(br"select E'\xe9'::text, E'\351'", false, &Limits::default()).is_err());
}

#[test]
fn large_honest_texts_are_read() {
    let in_list = format!("select * from t where id in ({}0)", "12345, ".repeat(50_000));
    assert_eq!(summaries(&in_list), "SELECT Read reads=t");
    let chain = format!("select 1{}", "+1".repeat(50_000));
    assert_eq!(summaries(&chain), "SELECT Read");
    let rows = format!("insert into t values (0,'x'){}", ",(12345, 'some text')".repeat(40_000));
    assert_eq!(summaries(&rows), "INSERT Write writes=insert:t");
    for join in [" and a = 1", " or a = 1", " || a", "::int", " is null"] {
        let text = format!("select 1 from t where a{}", join.repeat(20_000));
        assert_eq!(facts(&text).statements.len(), 1, "{join}");
    }
    let unions = format!("select 1{}", " union all select 1".repeat(20_000));
    assert_eq!(summaries(&unions), "SELECT Read");
}

/// Texts that mutation starts from.
const SEEDS: &[&str] = &[
    "SELECT a.b, count(*) FILTER (WHERE x > 1) FROM s.t AS a JOIN u USING (id) WHERE y IN (1,2)",
    "WITH RECURSIVE c AS (SELECT 1 UNION ALL SELECT n+1 FROM c) SELECT * FROM c, LATERAL f(c.n)",
    "INSERT INTO t (a, b[1]) VALUES (1, E'\\x41') ON CONFLICT (a) DO UPDATE SET b = EXCLUDED.b",
    "MERGE INTO t USING s ON t.i = s.i WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN DO NOTHING",
    "SELECT set_config('a','b',false); SET LOCAL x.y TO 'z', 1; COPY (SELECT 1) TO STDOUT; BEGIN",
    "SELECT * FROM JSON_TABLE('[]', '$' COLUMNS (a int PATH '$.a' DEFAULT f() ON EMPTY)) j",
    "EXPLAIN (ANALYZE, FORMAT json) CREATE TABLE x AS EXECUTE p(1); ALTER ROLE r PASSWORD 'x'",
    "SELECT U&\"d\\0061t\", $$x$$, 'a'\n'b', B'01', X'1F', N'n', $1::int[], 1_0.5e-3 /* /* */ */",
    "GRANT SELECT ON ALL TABLES IN SCHEMA s TO r; DROP TABLE a, b.c; COMMENT ON TABLE t IS 'x'",
    "CREATE FUNCTION f(a int DEFAULT 1) RETURNS TABLE (b text) LANGUAGE sql BEGIN ATOMIC SELECT 1; END",
];

fn read_all(text: &[u8], utf8: bool) -> Result<(), TestCaseError> {
    let facts = read(text, utf8, &Limits::default());
    let _ = redact(text);
    let mut out = Vec::new();
    shape(text, &mut out);
    if let Ok(facts) = facts {
        let mut end = 0;
        for statement in &facts.statements {
            prop_assert!(statement.span.start >= end && statement.span.end <= text.len());
            end = statement.span.end;
        }
        let _: Result<Vote, Unread> = veto(text, utf8, &facts);
    }
    Ok(())
}

proptest! {
    #[test]
    fn bytes_never_panic(text in prop::collection::vec(any::<u8>(), 0..120), utf8: bool) {
        read_all(&text, utf8)?;
    }

    #[test]
    fn mutated_sql_never_panics(
        seed in prop::sample::select(SEEDS), other in prop::sample::select(SEEDS),
        cut in 0..200_usize, paste in 0..200_usize, byte: u8, utf8: bool,
    ) {
        let (seed, other) = (seed.as_bytes(), other.as_bytes());
        let mut text = seed[..cut.min(seed.len())].to_vec();
        text.extend_from_slice(&other[paste.min(other.len())..]);
        read_all(&text, utf8)?;
        if let Some(place) = text.get_mut(paste) {
            *place = byte;
        }
        read_all(&text, utf8)?;
    }
}
