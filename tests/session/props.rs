//! The five promises of the session, held against a model of the server, for any conversation
//! cut at any byte, with replies coming at any time.

use proptest::prelude::*;

use crate::harness::{Harness, Out};
use crate::model::Model;
use crate::words::{self, from_client};

/// One move: the client sends a message, or some bytes pass on one of the three ways.
#[derive(Debug, Clone)]
enum Move {
    Send(String),
    ToGate(usize),
    ToServer(usize),
    ToSession(usize),
}

fn message() -> impl Strategy<Value = String> {
    let named = prop_oneof![Just("s1"), Just("s2")];
    let names = prop_oneof![1 => Just("''"), 2 => named.clone()];
    let texts = prop_oneof![
        4 => (0..3_usize).prop_map(|n| format!("select {n}")),
        2 => Just("select 1/0".to_owned()),
        3 => Just("delete from t".to_owned()),
        2 => writes(),
        1 => Just("begin".to_owned()),
        1 => Just("commit".to_owned()),
        1 => Just("rollback".to_owned()),
        1 => Just(String::new()),
        1 => named.clone().prop_map(|n| format!("prepare {n} as select 1")),
        1 => named.clone().prop_map(|n| format!("deallocate {n}")),
    ];
    let strings = prop_oneof![
        3 => texts.clone(),
        1 => Just("select 1; select 2".to_owned()),
        1 => Just("select 1; delete from t; select 2".to_owned()),
        1 => Just("select 1; select 1/0; select 2".to_owned()),
        1 => Just("execute s1".to_owned()),
        1 => Just("execute s2".to_owned()),
        3 => prop::collection::vec(part(), 2..5).prop_map(|parts| parts.join("; ")),
    ];
    prop_oneof![
        3 => strings.prop_map(|text| format!("Query '{text}'")),
        4 => (names.clone(), texts).prop_map(|(name, text)| format!("Parse {name} '{text}'")),
        4 => names.clone().prop_map(|name| format!("Bind '' {name}")),
        4 => Just("Execute ''".to_owned()),
        1 => names.clone().prop_map(|name| format!("Describe S {name}")),
        1 => names.prop_map(|name| format!("Close S {name}")),
        1 => Just("Flush".to_owned()),
        4 => Just("Sync".to_owned()),
    ]
}

/// Writes that do more than `delete from t`: too many rows, rows that are returned, notices,
/// failures now and at the commit.
fn writes() -> impl Strategy<Value = String> {
    let which = prop_oneof![
        Just(""),
        Just(" where many"),
        Just(" where noisy"),
        Just(" where bad"),
        Just(" where deferred")
    ];
    (which, prop_oneof![2 => Just(""), 1 => Just(" returning a")])
        .prop_map(|(which, returning)| format!("delete from t{which}{returning}"))
}

/// One statement of a string of several.
fn part() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => writes(),
        1 => Just("select 1".to_owned()),
        1 => Just("select 1/0".to_owned()),
        1 => Just("begin".to_owned()),
        1 => Just("commit".to_owned()),
        1 => Just("rollback".to_owned()),
    ]
}

/// What a driver sends for one statement: prepared, bound and run, without its Sync.
fn driven() -> impl Strategy<Value = Vec<Move>> {
    prop_oneof![2 => writes(), 2 => part()].prop_map(|text| {
        let messages = [format!("Parse '' '{text}'"), "Bind '' ''".into(), "Execute ''".into()];
        messages.map(Move::Send).to_vec()
    })
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let some = 1..200_usize;
    let one = |of: Move| vec![of];
    let moves = prop::collection::vec(
        prop_oneof![
            4 => message().prop_map(Move::Send).prop_map(one),
            1 => driven(),
            2 => some.clone().prop_map(Move::ToGate).prop_map(one),
            2 => some.clone().prop_map(Move::ToServer).prop_map(one),
            2 => some.prop_map(Move::ToSession).prop_map(one),
        ],
        1..60,
    );
    moves.prop_map(|moves| moves.concat())
}

/// Client, session and server with the bytes that are under way between them.
struct World {
    harness: Harness,
    server: Model,
    sent: Vec<u8>,
    to_gate: Vec<u8>,
    to_server: Vec<u8>,
    to_session: Vec<u8>,
    answer: Vec<u8>,
    /// Decisions that had been recorded when the bytes of a statement went out.
    unrecorded: bool,
    ended: bool,
}

impl World {
    fn new() -> Self {
        Self::with(&[])
    }

    fn with(grant: &[&str]) -> Self {
        Self {
            harness: Harness::new(grant),
            server: Model::default(),
            sent: Vec::new(),
            to_gate: Vec::new(),
            to_server: Vec::new(),
            to_session: Vec::new(),
            answer: Vec::new(),
            unrecorded: false,
            ended: false,
        }
    }

    fn step(&mut self, one: Move) {
        match one {
            Move::Send(line) => {
                let bytes = from_client(&line);
                self.sent.extend_from_slice(&bytes);
                self.to_gate.extend(bytes);
            }
            Move::ToGate(bytes) => {
                let bytes = take(&mut self.to_gate, bytes);
                let out = self.harness.client(&bytes);
                self.put(out);
            }
            Move::ToServer(bytes) => {
                let bytes = take(&mut self.to_server, bytes);
                let replies = self.server.feed(&bytes);
                self.to_session.extend(replies);
            }
            Move::ToSession(bytes) => {
                let bytes = take(&mut self.to_session, bytes);
                let out = self.harness.upstream(&bytes);
                self.put(out);
            }
        }
    }

    fn put(&mut self, out: Out) {
        let texts = words::lines(&out.upstream, words::to_upstream);
        let carried = texts.iter().filter(|line| {
            line.starts_with("Query") || line.starts_with("Parse") || line.starts_with("Bind")
        });
        let decided = self.harness.session.statements();
        // Promise 2: as many decisions as texts at the very least, by the time they go out.
        self.unrecorded |= (carried.count() as u64) > decided;
        self.to_server.extend(out.upstream);
        self.answer.extend(out.client);
        assert!(self.ended || !out.ended, "the session ended");
    }

    /// Lets everything arrive.
    fn settle(&mut self) {
        for _ in 0..10_000 {
            if self.to_gate.is_empty() && self.to_server.is_empty() && self.to_session.is_empty() {
                return;
            }
            self.step(Move::ToGate(usize::MAX));
            self.step(Move::ToServer(usize::MAX));
            self.step(Move::ToSession(usize::MAX));
        }
        panic!("it never comes to rest");
    }
}

fn take(from: &mut Vec<u8>, bytes: usize) -> Vec<u8> {
    let bytes = bytes.min(from.len());
    from.drain(..bytes).collect()
}

/// Codes that differ by design: we refuse an unknown name before the server can.
fn lines(bytes: &[u8]) -> Vec<String> {
    words::lines(bytes, words::to_client)
}

/// A grant whose writes are counted.
const CAPPED: &[&str] = &["delete:public.t", "written=2"];

/// Decisions that allowed, and ends of statements, have the same numbers.
fn check_pairs(events: &[String]) -> Result<(), TestCaseError> {
    let numbers = |word: &str| {
        let mut found: Vec<u64> = events
            .iter()
            .filter_map(|line| line.strip_prefix(word)?.split(' ').next()?.parse().ok())
            .collect();
        found.sort_unstable();
        found
    };
    prop_assert_eq!(numbers("allowed "), numbers("done "), "{:#?}", events);
    let mut all = [numbers("allowed "), numbers("refused ")].concat();
    all.sort_unstable();
    let expected: Vec<u64> = (1..=all.len() as u64).collect();
    prop_assert_eq!(all, expected);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Through the session, the client gets to the letter what a server would have said that
    /// fails refused statements itself: one answer per request, in order.
    #[test]
    fn the_client_sees_a_server_that_refuses(script in moves()) {
        let mut world = World::new();
        for one in script {
            world.step(one);
        }
        world.step(Move::Send("Sync".to_owned()));
        world.settle();
        let mut direct = Model::refusing();
        let expected = direct.feed(&world.sent);
        prop_assert_eq!(lines(&world.answer), lines(&expected));
        prop_assert_eq!(&world.server.executed, &direct.executed);
        prop_assert!(world.server.executed.iter().all(|text| !text.contains("delete")));
        // Promise 1: nothing is left over, nothing was lost.
        prop_assert_eq!(world.harness.held_bytes(), 0);
        prop_assert!(!world.unrecorded);
    }

    /// With writes whose rows are counted, the client sees a server that counts them itself, and
    /// nothing is run that the client did not ask for.
    #[test]
    fn counting_rows_does_not_show(script in moves()) {
        let mut world = World::with(CAPPED);
        for one in script {
            world.step(one);
        }
        world.step(Move::Send("Sync".to_owned()));
        world.settle();
        let mut direct = Model::writing(2);
        let expected = direct.feed(&world.sent);
        prop_assert_eq!(lines(&world.answer), lines(&expected));
        prop_assert_eq!(&world.server.committed, &direct.committed);
        let ran: Vec<&String> =
            world.server.executed.iter().filter(|text| !text.contains("many")).collect();
        prop_assert_eq!(ran, direct.executed.iter().collect::<Vec<_>>());
        prop_assert_eq!(world.harness.held_bytes(), 0);
        // A block that the client itself has left open may hold a write.
        let idle = world.harness.session.state() == pgward::session::State::Idle;
        prop_assert!(!idle || !world.harness.session.unsettled());
    }

    /// Of what the grant becomes, at any time and as often as it does, the client sees NOTICEs
    /// between two messages and nothing else: no statement, portal or transaction of its own is
    /// touched.
    #[test]
    fn moving_the_end_does_not_show(
        script in moves(),
        renewals in prop::collection::vec(0..60_usize, 1..5),
        capped in any::<bool>(),
    ) {
        let grant: &[&str] = if capped { CAPPED } else { &[] };
        let mut world = World::with(&[grant, &["cut=1000"]].concat());
        for (index, one) in script.into_iter().enumerate() {
            if renewals.contains(&index) {
                world.harness.renew(i64::try_from(index).unwrap());
                let out = world.harness.add_scopes("update:public.t");
                world.answer.extend(out.client);
            }
            world.step(one);
        }
        world.step(Move::Send("Sync".to_owned()));
        world.settle();
        let mut direct = if capped { Model::writing(2) } else { Model::refusing() };
        let expected = direct.feed(&world.sent);
        let silent = |answer: &[u8]| {
            let mut lines = lines(answer);
            lines.retain(|line| !line.starts_with("NoticeResponse"));
            lines
        };
        prop_assert_eq!(silent(&world.answer), silent(&expected));
        let ours = |text: &str| text.contains("pgward.") || text.starts_with("SELECT WHERE");
        let ran = |model: &Model| -> Vec<String> {
            let ran = model.executed.iter().filter(|text| !text.contains("many"));
            ran.filter(|text| !ours(text)).cloned().collect()
        };
        prop_assert_eq!(ran(&world.server), ran(&direct));
        prop_assert_eq!(world.harness.held_bytes(), 0);
        world.harness.session.lost(world.harness.now, &mut world.harness.events);
        check_pairs(&world.harness.events.0)?;
    }

    /// Once a session ends, nothing is committed but what the server had been told to commit.
    #[test]
    fn nothing_is_committed_after_the_end(script in moves()) {
        let mut world = World::with(CAPPED);
        for one in script {
            world.step(one);
        }
        let mut turn = pgward::session::Turn::default();
        let refusal = pgward::base::refusal::audit_unavailable();
        world.harness.session.end(refusal, world.harness.now, &mut world.harness.events, &mut turn);
        world.ended = true;
        world.step(Move::ToServer(usize::MAX));
        let before = world.server.committed.clone();
        world.settle();
        prop_assert_eq!(&world.server.committed, &before);
        prop_assert!(before.iter().all(|text| !text.contains("many")));
        world.harness.session.lost(world.harness.now, &mut world.harness.events);
        check_pairs(&world.harness.events.0)?;
    }

    /// Every statement allowed is done exactly once, and nothing else is.
    #[test]
    fn records_come_in_pairs(script in moves(), capped in any::<bool>()) {
        let mut world = World::with(if capped { CAPPED } else { &[] });
        for one in script {
            world.step(one);
        }
        world.harness.session.lost(world.harness.now, &mut world.harness.events);
        check_pairs(&world.harness.events.0)?;
    }

    /// A turn whose record could not be written leaves no trace, and can be made again.
    #[test]
    fn a_turn_can_be_taken_back(
        script in prop::collection::vec(message(), 1..12),
        capped in any::<bool>(),
    ) {
        let grant = if capped { CAPPED } else { &[] };
        let bytes: Vec<u8> = script.iter().flat_map(|line| from_client(line)).collect();
        let mut once = Harness::new(grant);
        let expected = once.client(&bytes);
        let mut twice = Harness::new(grant);
        let mark = twice.session.mark();
        let mut turn = pgward::session::Turn::default();
        let mut discarded = crate::harness::Events::default();
        twice.session.client_bytes(&bytes, twice.now, &mut twice.judge, &mut discarded, &mut turn);
        twice.session.rollback(mark);
        let again = twice.client(&bytes);
        prop_assert_eq!(again.upstream, expected.upstream);
        prop_assert_eq!(twice.events.0, once.events.0);
    }

    /// Hostile bytes never panic, and what goes upstream is whole frames.
    #[test]
    fn any_bytes_are_survived(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..8)) {
        let mut harness = Harness::new(&[]);
        for chunk in &chunks {
            harness.client(chunk);
        }
        let mut harness = Harness::new(&[]);
        for chunk in &chunks {
            harness.upstream(chunk);
        }
    }
}
