use std::path::Path;

use super::*;

const CONFIG: &str = "[databases.app]\nhost = \"h\"\nreader = { user = \"r\" }\n\
                      writer = { user = \"w\" }\n[databases.logs]\nhost = \"h\"\n\
                      reader = { user = \"r\" }\n";

fn config() -> Config {
    crate::config::parse("t", CONFIG, Path::new("/"), &|_| None).config
}

fn wish() -> Wish {
    Wish {
        user: "alice".into(),
        database: "app".into(),
        reason: "INC-4211 stuck orders".into(),
        ..Wish::default()
    }
}

#[test]
fn ttls() {
    let (hour, minute) = (3_600_000_000, 60_000_000);
    let cases: [(Option<&str>, bool, Result<i64, &str>); 18] = [
        (None, false, Ok(hour)),
        (None, true, Ok(hour)),
        (Some("8h"), false, Ok(8 * hour)),
        (Some("30m"), true, Ok(30 * minute)),
        (Some("8h1ms"), false, Err("longer than policy.max_ttl")),
        (Some("61m"), true, Err("longer than policy.max_write_ttl")),
        (Some("2d"), false, Err("longer than policy.max_ttl")),
        (Some("3000000d"), false, Err("longer than policy.max_ttl")),
        (Some("0s"), false, Err("a TTL of zero")),
        (Some("0"), false, Err("is not a TTL")),
        (Some(""), false, Err("is not a TTL")),
        (Some("-1h"), false, Err("is not a TTL")),
        (Some("-0s"), false, Err("is not a TTL")),
        (Some("forever"), false, Err("is not a TTL")),
        (Some("infinity"), false, Err("is not a TTL")),
        (Some("9999-12-31T00:00:00Z"), false, Err("is not a TTL")),
        (Some("18446744073709551615d"), false, Err("is not a TTL: it is too large")),
        (Some("213503982334602d"), false, Err("is not a TTL: it is too large")),
    ];
    let config = config();
    for (ttl, writes, expected) in cases {
        let scopes = if writes { vec!["update:public.t".to_owned()] } else { vec![] };
        let wish = Wish { ttl: ttl.map(str::to_owned), scopes, ..wish() };
        match (Rules::new(&config).allow(&wish, 1_000), expected) {
            (Ok(allowed), Ok(left)) => assert_eq!(allowed.ttl, left, "{ttl:?}"),
            (Err(error), Err(part)) => assert!(error.what.contains(part), "{ttl:?}: {error}"),
            (got, _) => panic!("{ttl:?}: {got:?}"),
        }
    }
    // A clock at the end of time doesn't make a grant endless.
    assert!(Rules::new(&config).allow(&wish(), i64::MAX - 1).is_err());
}

#[test]
fn what_is_not_granted() {
    type Change = fn(&mut Wish);
    let cases: [(Change, &str); 20] = [
        (|w| w.user = String::new(), "the user is empty"),
        (|w| w.user = "a".repeat(64), "longer than 63 bytes"),
        (|w| w.user = "a\nb".into(), "control characters"),
        (|w| w.user = "a\0b".into(), "control characters"),
        (|w| w.user = " a".into(), "white space"),
        (|w| w.user = "g_alice".into(), "may not begin"),
        (|w| w.user = "pgw_alice".into(), "may not begin"),
        (|w| w.database = "ap".into(), "database \"ap\" is not configured"),
        (|w| w.reason = "fix".into(), "has 3 characters; at least 8"),
        (|w| w.reason = "          ".into(), "has 0 characters"),
        (|w| w.reason = "stuck\norders".into(), "control characters"),
        (|w| w.reason = "x".repeat(501), "longer than 500"),
        (|w| w.ticket = Some(" ".into()), "the ticket is empty"),
        (|w| w.scopes = vec!["update".into()], "verb:schema.table"),
        (|w| w.scopes = vec!["update:orders".into()], "names no schema"),
        (|w| w.scopes = vec!["updat:public.orders".into()], "\"updat\" is not known"),
        (
            |w| {
                w.database = "logs".into();
                w.scopes = vec!["update:public.t".into()];
            },
            "has no writer role",
        ),
        (|w| w.max_sessions = Some(0), "0 sessions at once"),
        (|w| w.max_sessions = Some(11), "11 sessions at once"),
        (|w| w.max_sessions = Some(u64::MAX), "sessions at once"),
    ];
    let config = config();
    for (change, expected) in cases {
        let mut wish = wish();
        change(&mut wish);
        let error = Rules::new(&config).allow(&wish, 0).unwrap_err();
        assert!(error.what.contains(expected), "{wish:?}: {error}");
        assert!(!error.hint.is_empty());
    }
}

#[test]
fn scopes_are_taken_apart_sorted_and_kept_once() {
    let texts = ["update,insert:public.orders", "insert:public.orders", "delete:public.*"];
    let wish = Wish { scopes: texts.map(str::to_owned).into(), ..wish() };
    let allowed = Rules::new(&config()).allow(&wish, 0).unwrap();
    let texts: Vec<String> = allowed.scopes.iter().map(scopes::text).collect();
    let expected = ["insert:public.orders", "update:public.orders", "delete:public.*"];
    assert_eq!(texts, expected);
    assert_eq!(allowed.max_sessions, 10);
}
