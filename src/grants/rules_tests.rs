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
        (|w| w.reason = "fix".into(), "3 of at least 8 characters"),
        (|w| w.reason = "          ".into(), "is 0 of at least 8"),
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

#[test]
fn where_two_rules_speak_the_stricter_holds() {
    let text = format!(
        "{CONFIG}[policy]\nmax_ttl = \"4h\"\nmax_write_ttl = \"2h\"\nbreak_glass_ttl = \"10m\"\n\
         approvals = {{ read = 0, write = 1, ddl = 2 }}\n\
         [roles.lax]\nscopes = [\"update:public.t\"]\nmax_ttl = \"90d\"\n\
         [roles.strict]\nscopes = [\"update:public.t\"]\nmax_ttl = \"30m\"\napprovals = 3\n\
         max_rows_written = 5\n"
    );
    let loaded = crate::config::parse("t", &text, Path::new("/"), &|_| None);
    assert_eq!(loaded.problems, []);
    let config = loaded.config;
    let (hour, minute) = (3_600_000_000, 60_000_000);
    // role, scope → longest, approvals, rows
    let cases = [
        (None, None, 4 * hour, 0, None),
        (None, Some("select:public.t"), 4 * hour, 0, None),
        (None, Some("insert:public.t"), 2 * hour, 1, None),
        (None, Some("execute:public.f"), 2 * hour, 1, None),
        (None, Some("ddl:public"), 2 * hour, 2, None),
        (Some("lax"), None, 2 * hour, 1, None),
        (Some("lax"), Some("ddl:public"), 2 * hour, 2, None),
        (Some("strict"), None, 30 * minute, 3, Some(5)),
        (Some("strict"), Some("ddl:public"), 30 * minute, 3, Some(5)),
    ];
    for (role, scope, longest, needed, rows) in cases {
        let scopes = scope.map(str::to_owned).into_iter().collect();
        let wish = Wish { role: role.map(str::to_owned), scopes, ..wish() };
        let allowed = Rules::new(&config).allow(&wish, 0).unwrap();
        assert_eq!((allowed.longest, allowed.needed), (longest, needed), "{role:?} {scope:?}");
        assert_eq!(allowed.max_rows_written, rows, "{role:?} {scope:?}");
        assert!(allowed.ttl <= longest);
        // The glass is never broken for longer.
        let emergency = Rules::new(&config).allow_break_glass(&wish, 0).unwrap();
        assert_eq!(emergency.longest, longest.min(10 * minute));
        let long = Wish { ttl: Some("11m".into()), ..wish };
        let error = Rules::new(&config).allow_break_glass(&long, 0).unwrap_err();
        assert!(error.what.contains("policy.break_glass_ttl"), "{error}");
    }
}

#[test]
fn a_grant_that_is_there_falls_under_the_rules_of_now() {
    let config = config();
    let ledger_wish = wish();
    let allowed = Rules::new(&config).allow(&ledger_wish, 0).unwrap();
    let grant = Grant {
        id: crate::base::GrantId::from_random(1),
        user: "alice".into(),
        database: "app".into(),
        scopes: Vec::new(),
        reason: "r".into(),
        ticket: None,
        created_at: 0,
        created_by: "os:root".into(),
        expires_at: 1,
        max_sessions: 1,
        max_rows_written: None,
        ended: None,
        verifier: crate::grants::Verifier {
            by_user: keys(),
            by_grant: keys(),
            token_sha256: [0; 32],
        },
        conditions: allowed.conditions,
        life: crate::grants::Life { ttl: i64::MAX, ..Default::default() },
    };
    let rules = Rules::new(&config);
    let more = |grant: &Grant, scopes: &[&str], ttl: Option<&str>| {
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        rules.allow_more(grant, parse_scopes(&scopes).unwrap(), ttl)
    };
    assert_eq!(more(&grant, &[], None).unwrap().ttl, 8 * 3_600_000_000);
    assert_eq!(more(&grant, &["update:public.t"], None).unwrap().ttl, 3_600_000_000);
    for ttl in ["0s", "0", "-1h", "9h", "forever", "18446744073709551615d", ""] {
        assert!(more(&grant, &[], Some(ttl)).is_err(), "{ttl}");
    }
    let gone = |change: fn(&mut Grant)| {
        let mut grant = grant.clone();
        change(&mut grant);
        more(&grant, &[], None).unwrap_err().what
    };
    assert!(gone(|grant| grant.database = "old".into()).contains("is not configured"));
    assert!(gone(|grant| grant.conditions.role = Some("old".into())).contains("not configured"));
    let logs = Grant { database: "logs".into(), ..grant };
    assert!(more(&logs, &["update:public.t"], None).unwrap_err().what.contains("no writer"));
}

fn keys() -> crate::auth::scram::StoredKeys {
    crate::auth::scram::StoredKeys { stored_key: [0; 32], server_key: [0; 32] }
}
