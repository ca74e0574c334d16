//! The texts of refusals, word for word.

use super::*;

pub(in super::super) fn context(scopes: &[String]) -> Context<'_> {
    Context {
        grant: GrantId::from_random(7),
        user: "alice",
        database: "app",
        reason: "INC-4211 stuck orders",
        read_only: scopes.is_empty(),
        scopes,
        expires_at: (3 * 60 + 42) * 60_000_000,
        wall: (3 * 60 + 15) * 60_000_000,
    }
}

/// MESSAGE, DETAIL and HINT as psql shows them.
pub(in super::super) fn shown_as(refusal: &Refusal) -> String {
    let mut text = format!("{} {}", refusal.sqlstate, refusal.message);
    for (label, part) in [("DETAIL", &refusal.detail), ("HINT", &refusal.hint)] {
        if let Some(part) = part {
            let _ = write!(text, "\n{label}: {part}");
        }
    }
    text
}

#[test]
fn a_refused_write_names_the_grant_that_would_allow_it() {
    let refusal = write_without_scope(
        &context(&[]),
        "UPDATE",
        "public.orders",
        &["update:public.orders".to_owned()],
    );
    assert_eq!(
        shown_as(&refusal),
        "25006 pgward: UPDATE on public.orders refused: grant g_0000000007 is read-only\n\
         DETAIL: rule write_without_scope; reason \"INC-4211 stuck orders\"; \
         expires 03:42 UTC (27 min)\n\
         HINT: pgward grant extend g_0000000007 --scope update:public.orders"
    );
    let scopes = ["insert:public.log".to_owned()];
    let refusal = write_without_scope(
        &context(&scopes),
        "DELETE",
        "public.orders",
        &["delete:public.orders".to_owned()],
    );
    assert_eq!(
        shown_as(&refusal),
        "42501 pgward: DELETE on public.orders refused: grant g_0000000007 has no scope for it\n\
         DETAIL: rule write_without_scope; reason \"INC-4211 stuck orders\"; \
         expires 03:42 UTC (27 min)\n\
         HINT: pgward grant extend g_0000000007 --scope delete:public.orders"
    );
}

#[test]
fn without_a_grant_none_is_named() {
    let imagined = Context { grant: GrantId::IMAGINED, reason: "…", ..context(&[]) };
    let scopes = ["update:public.orders".to_owned()];
    assert_eq!(
        shown_as(&write_without_scope(&imagined, "UPDATE", "public.orders", &scopes)),
        "25006 pgward: UPDATE on public.orders refused: the grant is read-only\n\
         DETAIL: rule write_without_scope; no grant was named\n\
         HINT: pgward grant request --database app --scope update:public.orders --reason \"…\""
    );
}

#[test]
fn every_rule_says_what_why_and_what_next() {
    let c = context(&[]);
    let detail = |rule| {
        format!(
            "\nDETAIL: rule {rule}; reason \"INC-4211 stuck orders\"; \
             expires 03:42 UTC (27 min)\nHINT: "
        )
    };
    let cases = [
        (
            function_class(&c, "nextval", "advances or sets a sequence", None, &[]),
            "42501 pgward: function pg_catalog.nextval refused: it advances or sets a sequence",
            "function",
            "If reads may do this, the operator adds to the list policy.allow_functions: \
             \"pg_catalog.nextval\"",
        ),
        (
            function_class(
                &c,
                "pg_export_snapshot",
                "shares a snapshot",
                Some("Leave -j out of pg_dump"),
                &["execute:pg_catalog.pg_export_snapshot".to_owned()],
            ),
            "42501 pgward: function pg_catalog.pg_export_snapshot refused: it shares a snapshot",
            "function",
            "Leave -j out of pg_dump; or, for this grant: pgward grant extend g_0000000007 \
             --scope execute:pg_catalog.pg_export_snapshot",
        ),
        (
            function_unknown(&c, "nothing"),
            "42883 pgward: function nothing refused: no such function is known",
            "function_unknown",
            "Check its name. If it was made just now, send the statement again in a second.",
        ),
        (
            function_unknown(&c, "app.nothing"),
            "42883 pgward: function app.nothing refused: no such function is known",
            "function_unknown",
            "Check its name. If it was made just now, send the statement again in a second. If it \
             only reads, the operator adds to the list policy.allow_functions: \"app.nothing\"",
        ),
        (
            read_write(&c, "BEGIN", Some("update:public.orders")),
            "25006 pgward: BEGIN READ WRITE refused: grant g_0000000007 is read-only",
            "read_write",
            "Leave READ WRITE out. To write (one table, for example): pgward grant extend \
             g_0000000007 --scope update:public.orders",
        ),
        (
            setting(&c, "session_replication_role", "clients may not change it"),
            "42501 pgward: changing the setting \"session_replication_role\" refused: \
             clients may not change it",
            "setting",
            "Leave it as it is (SHOW session_replication_role tells its value): no scope changes that.",
        ),
        (
            setting_capped(&c, "statement_timeout", 300_000, true),
            "42501 pgward: \"statement_timeout\" above its cap of 5min refused",
            "setting_capped",
            "SET statement_timeout = '5min'",
        ),
        (
            depends_on_earlier(&c, "EXECUTE", "PREPARE"),
            "42501 pgward: EXECUTE refused: it depends on PREPARE in the same string",
            "depends_on_earlier",
            "Send EXECUTE as a message of its own, after PREPARE.",
        ),
    ];
    for (refusal, message, rule, hint) in cases {
        assert_eq!(shown_as(&refusal), format!("{message}{}{hint}", detail(rule)));
        assert_eq!(refusal.rule, rule);
    }
}

#[test]
fn a_syntax_error_keeps_the_words_of_postgresql() {
    let refusal = syntax("syntax error at or near \"SELEC\"", Some(1));
    assert_eq!(refusal.message, "pgward: syntax error at or near \"SELEC\"");
    assert_eq!((refusal.sqlstate, refusal.position), (code::SYNTAX_ERROR, Some(1)));
}

#[test]
fn texts_of_clients_cannot_break_out() {
    assert_eq!(shown("a\nb\u{1b}[31m"), "a b [31m");
    assert_eq!(shown(&"x".repeat(500)).chars().count(), QUOTED_CHARACTERS_MAX + 1);
    for (text, quoted) in [
        ("update:public.orders", "update:public.orders"),
        ("it's", "\"it's\""),
        ("a\"b'c", r#"'a"b'\''c'"#),
        ("$(rm)", "'$(rm)'"),
        ("", "\"\""),
    ] {
        assert_eq!(argument(text), quoted);
    }
}

#[test]
fn times_are_short() {
    for (micros, text) in [
        (0, "0 s"),
        (40_000_000, "40 s"),
        (27 * 60_000_000, "27 min"),
        (3_600_000_000, "1 h"),
        (16_200_000_000, "4 h 30 min"),
        (2 * 86_400_000_000 + 3 * 3_600_000_000, "2 d 3 h"),
    ] {
        assert_eq!(left(micros), text);
    }
    for (ms, text) in [
        (300_000, "5min"),
        (90_000, "90s"),
        (7_200_000, "2h"),
        (86_400_000, "1d"),
        (1_500, "1500ms"),
        (0, "0ms"),
    ] {
        assert_eq!(time(ms), text);
    }
    assert_eq!(clock(-60_000_000), "23:59 UTC");
}
