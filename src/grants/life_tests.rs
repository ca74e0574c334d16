use super::*;
use crate::auth::scram::StoredKeys;
use crate::base::GrantId;

const NOW: i64 = 1_800_000_000_000_000;
const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;

fn verifier(byte: u8) -> Verifier {
    let keys = StoredKeys { stored_key: [byte; 32], server_key: [byte; 32] };
    Verifier { by_user: keys.clone(), by_grant: keys, token_sha256: [byte; 32] }
}

/// A request of alice's that needs so many approvals, for an hour.
fn request(needed: u32) -> Grant {
    Grant {
        id: GrantId::from_random(7),
        user: "alice".into(),
        database: "app".into(),
        scopes: Vec::new(),
        reason: "INC-4211 stuck orders".into(),
        ticket: None,
        created_at: NOW,
        created_by: "os:alice".into(),
        expires_at: NOW + 8 * HOUR,
        max_sessions: 1,
        max_rows_written: None,
        ended: None,
        verifier: verifier(0),
        conditions: Conditions::default(),
        life: Life {
            stage: Stage::Pending,
            ttl: HOUR,
            requested: true,
            asked: 1,
            needed,
            ..Life::default()
        },
    }
}

fn issued() -> Grant {
    let grant = request(1).issue(verifier(1), 8 * HOUR, NOW).grant;
    assert_eq!(grant.expires_at, NOW + HOUR);
    grant
}

/// What the rules would say.
fn allowed(needed: u32, scopes: &[&str], longest: i64) -> Allowed {
    let scopes = scopes.iter().flat_map(|text| Scope::parse_list(text).unwrap()).collect();
    Allowed {
        ttl: HOUR,
        longest,
        scopes,
        needed,
        max_sessions: 1,
        max_rows_written: None,
        conditions: Conditions::default(),
    }
}

/// Everybody's approval counts.
fn all(_: &str) -> bool {
    true
}

fn by(actor: &str) -> Person<'_> {
    Person { actor }
}

/// An approval of what is asked for now.
fn read_by<'a>(actor: &'a str, grant: &Grant) -> Approval<'a> {
    Approval { person: by(actor), revision: grant.life.asked }
}

fn wish(error: ApproveError) -> WishError {
    match error {
        ApproveError::Wish(wish) => wish,
        ApproveError::Stale(now) => panic!("it is at revision {now}"),
    }
}

fn asked(by: &str, ttl: Option<i64>) -> Extension {
    Extension {
        by: by.into(),
        at: NOW,
        until: NOW,
        ttl,
        scopes: Vec::new(),
        reason: None,
        needed: 0,
        approvals: Vec::new(),
    }
}

fn names(changed: &Changed) -> Vec<&'static str> {
    changed.events.iter().map(|(event, _)| *event).collect()
}

#[test]
fn who_may_approve_a_request() {
    let none = allowed(2, &[], 8 * HOUR);
    let approve = |grant: &Grant, actor: &str| {
        grant.approve(read_by(actor, grant), &none, &all, HOUR, NOW).map_err(wish)
    };
    // Never who asked, by whatever way in; never whose access it is.
    for actor in ["os:alice", "op:alice"] {
        let error = approve(&request(2), actor).unwrap_err();
        assert!(error.what.contains("nobody approves what they asked for"), "{error:?}");
        assert!(error.hint.contains("pgward grant approve g_"), "{error:?}");
    }
    let for_bob = Grant { user: "bob".into(), ..request(2) };
    assert!(approve(&for_bob, "os:bob").is_err());
    let one = approve(&request(2), "os:dana").unwrap();
    assert_eq!(names(&one), ["grant.approved"]);
    assert_eq!(one.grant.state_at(NOW), State::Pending);
    assert_eq!(one.grant.life.revision, 1);
    // Twice by one person is once.
    for actor in ["os:dana", "op:dana"] {
        assert!(approve(&one.grant, actor).unwrap_err().what.contains("has approved"));
    }
    let two = approve(&one.grant, "os:erin").unwrap().grant;
    assert_eq!((two.state_at(NOW), two.expires_at), (State::Approved, NOW + HOUR));
    // It ends by itself when nobody redeems it.
    assert_eq!(two.state_at(NOW + HOUR), State::Expired);
    let error = approve(&two, "os:frank").unwrap_err();
    assert!(error.hint.contains("pgward grant redeem"), "{error:?}");
    assert_eq!(request(2).state_at(NOW + 8 * HOUR), State::Expired);
    assert!(
        request(2)
            .approve(read_by("os:dana", &request(2)), &none, &all, HOUR, NOW + 8 * HOUR)
            .is_err()
    );
    // Who may not approve any more has approved nothing.
    let gone = |actor: &str| actor != "os:dana";
    let left =
        one.grant.approve(read_by("os:erin", &one.grant), &none, &gone, HOUR, NOW).unwrap().grant;
    assert_eq!((left.state_at(NOW), left.life.approvals.len()), (State::Pending, 1));
    // More are needed than when it was asked for.
    let strict = allowed(3, &[], 8 * HOUR);
    let more =
        one.grant.approve(read_by("os:erin", &one.grant), &strict, &all, HOUR, NOW).unwrap().grant;
    assert_eq!(more.state_at(NOW), State::Pending);
}

#[test]
fn who_may_redeem_and_when() {
    let none = allowed(1, &[], 8 * HOUR);
    let approved =
        request(1).approve(read_by("os:dana", &request(1)), &none, &all, HOUR, NOW).unwrap().grant;
    assert_eq!(approved.may_redeem(by("os:alice"), 1, &all, NOW), Ok(()));
    let ended = |because: &str| {
        let because = because.to_owned();
        Grant { ended: Some(Ended { state: State::Denied, at: NOW, because }), ..request(1) }
    };
    for (grant, actor, needed, counts, at, part) in [
        (&request(1), "os:alice", 1, true, NOW, "waits for approvals: 0 of 1"),
        (&approved, "os:dana", 1, true, NOW, "nobody else sees its token"),
        (&approved, "op:alice", 1, true, NOW, "nobody else sees its token"),
        (&approved, "os:alice", 2, true, NOW, "1 valid approvals of 2"),
        (&approved, "os:alice", 1, false, NOW, "0 valid approvals of 1"),
        (&approved, "os:alice", 1, true, NOW + HOUR, "is expired"),
        (
            &ended("denied by os:dana: not now"),
            "os:alice",
            1,
            true,
            NOW,
            "is denied by os:dana: not now",
        ),
        (&issued(), "os:alice", 1, true, NOW, "shown once"),
    ] {
        let counts = move |_: &str| counts;
        let error = grant.may_redeem(by(actor), needed, &counts, at).unwrap_err();
        assert!(error.what.contains(part), "{part}: {error:?}");
        assert!(!error.hint.is_empty());
    }
    // The time begins at the redemption, under the limit of that moment.
    let late = approved.issue(verifier(1), 30 * MINUTE, NOW + 30 * MINUTE);
    assert_eq!(names(&late), ["grant.redeemed"]);
    assert_eq!(late.grant.expires_at, NOW + HOUR);
    assert_eq!(late.grant.state_at(NOW + 30 * MINUTE), State::Active);
    let mut later = approved;
    later.conditions.not_before = Some(NOW + 2 * HOUR);
    let later = later.issue(verifier(1), 8 * HOUR, NOW).grant;
    assert_eq!(later.expires_at, NOW + 3 * HOUR);
    assert_eq!(later.state_at(NOW), State::Approved);
    assert_eq!(later.state_at(NOW + 2 * HOUR), State::Active);
}

#[test]
fn a_changed_request_has_no_approvals() {
    let none = allowed(1, &[], 8 * HOUR);
    let approved =
        request(1).approve(read_by("os:dana", &request(1)), &none, &all, HOUR, NOW).unwrap().grant;
    let wish = asked("os:alice", Some(2 * HOUR));
    let more = allowed(1, &["update:public.orders"], HOUR);
    let edited = approved.extend(wish, 0, &more, 8 * HOUR, NOW).unwrap();
    assert_eq!(names(&edited), ["grant.requested"]);
    let edited = edited.grant;
    assert_eq!(edited.state_at(NOW), State::Pending);
    assert!(edited.life.approvals.is_empty());
    assert_eq!(edited.life.ttl, HOUR, "no longer than its scopes may last");
    assert!(edited.may_redeem(by("os:alice"), 1, &|_| true, NOW).is_err());
}

#[test]
fn what_was_read_is_approved_and_nothing_that_came_later() {
    let none = allowed(2, &[], 8 * HOUR);
    let more = allowed(2, &["update:public.orders"], HOUR);
    let approve = |grant: &Grant, actor: &str, revision: u32| {
        grant.approve(Approval { person: by(actor), revision }, &none, &all, HOUR, NOW)
    };
    let first = request(2);
    // Other approvals don't make it another request.
    let half = approve(&first, "os:dana", 1).unwrap().grant;
    assert!(approve(&half, "os:erin", 1).is_ok());
    let edited = half.extend(asked("os:alice", None), 0, &more, 8 * HOUR, NOW).unwrap();
    let said = "changed: update:public.orders, was read-only; approvals given before are void";
    assert_eq!(edited.events, [("grant.requested", said.to_owned())]);
    let edited = edited.grant;
    for revision in [0, 1, 3] {
        let step = approve(&edited, "os:erin", revision);
        assert_eq!(step.unwrap_err(), ApproveError::Stale(2), "{revision}");
    }
    let half = approve(&edited, "os:erin", 2).unwrap().grant;
    assert_eq!(half.life.approvals.len(), 1);
    assert!(half.approve_command().ends_with(" --revision 2"));
    // An extension is another thing than the request was, and than the extension before it.
    let mut grant = issued();
    for revision in 2..5 {
        let ttl = Some(i64::from(revision) * HOUR);
        grant = grant.extend(asked("os:alice", ttl), 0, &none, 8 * HOUR, NOW).unwrap().grant;
        assert_eq!(approve(&grant, "os:dana", 1).unwrap_err(), ApproveError::Stale(revision));
        assert!(approve(&grant, "os:dana", revision).is_ok());
    }
    // Where nothing waits, that is what is said.
    assert!(matches!(approve(&issued(), "os:dana", 7), Err(ApproveError::Wish(_))));
}

#[test]
fn extensions() {
    let write = ["update:public.orders"];
    // (ttl, scopes, longest, given, needed) → (ends, in force) or words of the refusal
    type Case<'a> = (Option<i64>, &'a [&'a str], i64, u32, u32, Result<(i64, bool), &'a str>);
    let cases: [Case<'_>; 9] = [
        (Some(2 * HOUR), &[], 8 * HOUR, 1, 1, Ok((NOW + 2 * HOUR, true))),
        (Some(2 * HOUR), &[], 8 * HOUR, 0, 0, Ok((NOW + 2 * HOUR, true))),
        (Some(2 * HOUR), &[], 8 * HOUR, 0, 1, Ok((NOW + HOUR, false))),
        (Some(2 * HOUR), &[], 8 * HOUR, 1, 2, Ok((NOW + HOUR, false))),
        (Some(HOUR), &[], 8 * HOUR, 1, 1, Err("lasts longer than that already")),
        (None, &[], 8 * HOUR, 1, 1, Err("has these scopes already")),
        (None, &write, HOUR, 1, 1, Ok((NOW + HOUR, true))),
        // Writes may not last as long as the grant has left.
        (None, &write, 30 * MINUTE, 1, 1, Ok((NOW + 30 * MINUTE, true))),
        (Some(9 * HOUR), &[], 8 * HOUR, 1, 1, Ok((NOW + 8 * HOUR, true))),
    ];
    for (ttl, scopes, longest, given, needed, expected) in cases {
        let rules = allowed(needed, scopes, longest);
        let step = issued().extend(asked("os:alice", ttl), given, &rules, 8 * HOUR, NOW);
        match (step, expected) {
            (Ok(changed), Ok((ends, in_force))) => {
                assert_eq!(changed.grant.expires_at, ends, "{ttl:?} {scopes:?}");
                let event = if in_force { "grant.extended" } else { "grant.requested" };
                assert_eq!(names(&changed), [event]);
                assert_eq!(changed.grant.asked(NOW).is_some(), !in_force);
                assert_eq!(changed.grant.scopes.is_empty(), !in_force || scopes.is_empty());
                assert_eq!(changed.grant.verifier, issued().verifier, "the same token");
            }
            (Err(error), Err(part)) => assert!(error.what.contains(part), "{error:?}"),
            (step, _) => panic!("{ttl:?} {scopes:?}: {step:?}"),
        }
    }
    // At the instant of expiry and after: never.
    let rules = allowed(0, &[], 8 * HOUR);
    for late in [HOUR, HOUR + 1] {
        let step = issued().extend(asked("os:alice", Some(HOUR)), 1, &rules, HOUR, NOW + late);
        assert!(step.unwrap_err().what.contains("is expired"));
    }
    assert!(issued().extend(asked("x", Some(HOUR)), 1, &rules, HOUR, NOW + HOUR - 1).is_ok());
}

#[test]
fn an_extension_is_approved_as_a_request_is() {
    let rules = allowed(1, &["update:public.orders"], HOUR);
    let mut wish = asked("os:alice", Some(HOUR));
    wish.scopes = vec!["update:public.orders".into()];
    let waiting = issued().extend(wish, 0, &rules, 8 * HOUR, NOW + 30 * MINUTE).unwrap().grant;
    // It can't be approved when the grant is over.
    assert_eq!(waiting.asked(NOW + 30 * MINUTE).unwrap().until, NOW + HOUR);
    assert_eq!(waiting.scopes, []);
    let at = NOW + 40 * MINUTE;
    assert!(waiting.approve(read_by("op:alice", &waiting), &rules, &all, HOUR, at).is_err());
    let approved = waiting.approve(read_by("os:dana", &waiting), &rules, &all, HOUR, at).unwrap();
    assert_eq!(names(&approved), ["grant.approved", "grant.extended"]);
    assert_eq!(approved.grant.expires_at, at + HOUR);
    assert_eq!(approved.grant.scopes.len(), 1);
    assert_eq!(approved.grant.life.approvals.len(), 1);
    assert!(approved.grant.asked(at).is_none());
    assert!(waiting.approve(read_by("os:dana", &waiting), &rules, &all, HOUR, NOW + HOUR).is_err());
    // Whoever asks for another instead, or gives one, says whose wish is gone.
    for given in [0, 1] {
        let more = asked("os:dana", Some(2 * HOUR));
        let instead = waiting.extend(more, given, &rules, 8 * HOUR, at).unwrap();
        let (_, detail) = instead.events.last().unwrap();
        assert!(detail.contains("in place of what os:alice asked for: 1h from"), "{detail}");
    }
    let denied = waiting.deny_extension("denied by os:dana", at).unwrap();
    assert_eq!(names(&denied), ["grant.denied"]);
    assert_eq!(denied.grant.state_at(at), State::Active);
    assert!(denied.grant.deny_extension("again", at).is_err());
    let dropped = waiting.drop_extension().unwrap();
    assert_eq!(names(&dropped), ["grant.denied"]);
    // A newer wish takes the place of the older, and nobody has approved it.
    let two = allowed(2, &[], 8 * HOUR);
    let first = issued().extend(asked("os:alice", Some(2 * HOUR)), 0, &two, HOUR, NOW).unwrap();
    let half =
        first.grant.approve(read_by("os:dana", &first.grant), &two, &all, HOUR, NOW).unwrap().grant;
    assert_eq!(half.asked(NOW).unwrap().approvals.len(), 1);
    let wish = asked("os:alice", Some(3 * HOUR));
    let again = half.extend(wish, 0, &two, HOUR, NOW).unwrap().grant;
    assert!(again.asked(NOW).unwrap().approvals.is_empty());
}

#[test]
fn uses_rotation_and_review() {
    let mut grant = issued();
    assert_eq!(grant.take_use(), None, "any number");
    grant.conditions.uses = Some(1);
    grant.life.uses_left = Some(1);
    let used = grant.take_use().unwrap().grant;
    assert_eq!(used.life.uses_left, Some(0));
    assert_eq!(used.take_use(), None);

    let rotated = issued().rotate(verifier(9), NOW).unwrap().grant;
    assert_eq!(rotated.verifier, verifier(9));
    assert!(issued().rotate(verifier(9), NOW + HOUR).unwrap_err().what.contains("is expired"));
    let error = request(1).rotate(verifier(9), NOW).unwrap_err();
    assert!(error.hint.contains("pgward grant redeem"), "{error:?}");

    assert!(issued().review(by("os:dana"), "fine", NOW).is_err());
    let mut emergency = issued();
    emergency.life.break_glass = true;
    for actor in ["os:alice", "op:alice"] {
        assert!(emergency.review(by(actor), "fine", NOW).is_err());
    }
    let reviewed = emergency.review(by("os:dana"), "fine", NOW).unwrap().grant;
    assert_eq!(reviewed.life.reviewed.as_ref().unwrap().by, "os:dana");
    assert!(reviewed.review(by("os:erin"), "fine", NOW).unwrap_err().what.contains("already"));
}

#[test]
fn the_life_of_a_grant_survives_the_way_through_text() {
    let mut grant = issued();
    grant.life.extension = Some(asked("os:alice", Some(HOUR)));
    grant.conditions.clients = vec!["10.0.0.0/8".parse().unwrap()];
    let life = serde_json::to_string(&grant.life).unwrap();
    let conditions = serde_json::to_string(&grant.conditions).unwrap();
    let read: Life = serde_json::from_str(&life).unwrap();
    assert_eq!(Life { revision: grant.life.revision, ..read }, grant.life);
    assert_eq!(serde_json::from_str::<Conditions>(&conditions).unwrap(), grant.conditions);
    // A condition that isn't known must not become none.
    let newer = conditions.replace('{', "{\"weekdays\":[1],");
    assert!(serde_json::from_str::<Conditions>(&newer).is_err());
}
