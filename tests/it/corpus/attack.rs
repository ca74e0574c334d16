//! Sends attacks, and finds the one that had an effect.

use super::file::{self, Attack, Protocol, Verdict};
use super::ground::{Fingerprint, Ground, difference};
use crate::support::message as m;
use crate::support::wire::Wire;

/// What is sent behind every attack, so that the next one begins afresh; not DISCARD ALL, which
/// would give locks back that an attack has taken.
const AFTER: [&str; 4] = ["ROLLBACK", "DEALLOCATE ALL", "CLOSE ALL", "RESET ALL"];
/// The answer to this says that the session is in step.
const SENTINEL: &str = "SELECT 'in step'";

/// The ways in which a file that does not say otherwise is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Simple,
    Extended,
    Pipelined,
    Messages,
}

/// Which verdicts are compared; the effect always counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compared {
    All,
    /// Only that what is to be refused is.
    Refusals,
    None,
}

/// What was seen of one attempt.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// pgward's own words.
    pub(crate) refusals: Vec<String>,
    /// Of the server.
    pub(crate) errors: Vec<String>,
    pub(crate) ended: bool,
}

/// Somebody who attacks, on one session after the other.
pub(crate) struct Attacker<'a> {
    connect: Box<dyn Fn() -> Wire + 'a>,
    session: Wire,
}

impl<'a> Attacker<'a> {
    pub(crate) fn new(connect: impl Fn() -> Wire + 'a) -> Self {
        let session = connect();
        Self { connect: Box::new(connect), session }
    }

    /// Sends one attack in one way. A session that gives no answer fails the test.
    pub(crate) fn attack(&mut self, ground: &Ground, attack: &Attack, way: Way) -> Seen {
        let messages: Vec<Vec<u8>> = attack.messages.iter().map(|one| ground.filled(one)).collect();
        let mut seen = Seen::default();
        let mut after: Vec<u8> = AFTER.iter().flat_map(|sql| m::query(sql)).collect();
        after.extend(m::query(SENTINEL));
        let steps = steps(&messages, way);
        let last = steps.len() - 1;
        for (n, step) in steps.into_iter().enumerate() {
            let bytes = if n == last { [step, after.clone()].concat() } else { step };
            if self.session.try_send(&bytes).is_err() {
                seen.ended = true;
            }
            self.listen(n == last, &mut seen);
            if seen.ended {
                self.session = (self.connect)();
                break;
            }
        }
        seen
    }

    /// Reads to the next ReadyForQuery, or to the one behind the sentinel's row.
    fn listen(&mut self, to_the_end: bool, seen: &mut Seen) {
        let mut in_step = !to_the_end;
        loop {
            let Some(message) = self.session.read() else {
                seen.ended = true;
                return;
            };
            match message.tag {
                b'D' => in_step |= message.body.ends_with(b"in step"),
                b'E' => {
                    let fields = message.fields();
                    let all = format!("{} {}", fields.code(), fields.message());
                    let ours = fields.message().starts_with("pgward: ");
                    if ours { seen.refusals.push(all) } else { seen.errors.push(all) }
                }
                b'Z' if in_step => return,
                _ => {}
            }
        }
    }
}

/// What is sent at once.
fn steps(messages: &[Vec<u8>], way: Way) -> Vec<Vec<u8>> {
    let text = |bytes: &[u8]| [bytes, b"\0"].concat();
    let parse = |bytes: &[u8]| {
        let mut body = b"\0".to_vec();
        body.extend(text(bytes));
        body.extend([0, 0]);
        let parsed = m::raw(b'P', &body);
        [parsed, m::bind("", "", &[]), m::describe(b'P', ""), m::execute("", 0)].concat()
    };
    // A COPY that opens is failed; elsewhere the message is ignored.
    let fail = m::copy_fail("no");
    match way {
        Way::Simple => {
            messages.iter().map(|one| [m::raw(b'Q', &text(one)), fail.clone()].concat()).collect()
        }
        Way::Extended => {
            messages.iter().map(|one| [parse(one), fail.clone(), m::sync()].concat()).collect()
        }
        Way::Pipelined => {
            let all: Vec<Vec<u8>> = messages.iter().map(|one| parse(one)).collect();
            vec![[all.concat(), fail, m::sync()].concat()]
        }
        Way::Messages => {
            messages.iter().map(|one| file::messages(std::str::from_utf8(one).unwrap())).collect()
        }
    }
}

/// The ways in which an attack is sent.
pub(crate) fn ways(attack: &Attack) -> &'static [Way] {
    match attack.protocol {
        Protocol::Messages => &[Way::Messages],
        Protocol::Simple => &[Way::Simple],
        // One message is its own pipeline.
        Protocol::Any if attack.messages.len() == 1 => &[Way::Simple, Way::Extended],
        Protocol::Any => &[Way::Simple, Way::Extended, Way::Pipelined],
    }
}

/// Runs attacks in every way, and says of each that had an effect or another verdict what it was.
pub(crate) fn run(
    ground: &mut Ground,
    attacker: &mut Attacker<'_>,
    attacks: &[&Attack],
    compared: Compared,
) -> Vec<String> {
    let mut failures = Vec::new();
    for group in attacks.chunk_by(|a, b| a.group() == b.group()) {
        let before = ground.fingerprint();
        for attack in group {
            failures.extend(every_way(ground, attacker, attack, compared));
        }
        let after = ground.fingerprint();
        if before != after {
            failures.extend(culprits(ground, attacker, group, &difference(&before, &after)));
        }
    }
    failures
}

fn every_way(
    ground: &Ground,
    attacker: &mut Attacker<'_>,
    attack: &Attack,
    compared: Compared,
) -> Vec<String> {
    let mut failures = Vec::new();
    for (n, way) in ways(attack).iter().enumerate() {
        let seen = attacker.attack(ground, attack, *way);
        let counts = match compared {
            Compared::All => true,
            Compared::Refusals => attack.verdict == Verdict::Refused,
            Compared::None => false,
        };
        if !counts || n > 0 {
            continue;
        }
        let as_expected = match attack.verdict {
            Verdict::Refused => !seen.refusals.is_empty(),
            Verdict::Passes => seen.refusals.is_empty() && !seen.ended,
            Verdict::Ends => seen.ended,
        };
        if !as_expected {
            failures.push(format!("{} ({way:?}): not {:?}: {seen:?}", attack.name, attack.verdict));
        }
    }
    failures
}

/// Once more, one by one: which of a group changes something.
fn culprits(
    ground: &mut Ground,
    attacker: &mut Attacker<'_>,
    group: &[&Attack],
    what: &[String],
) -> Vec<String> {
    let mut found = Vec::new();
    let mut before: Fingerprint = ground.fingerprint();
    for attack in group {
        for way in ways(attack) {
            let seen = attacker.attack(ground, attack, *way);
            let after = ground.fingerprint();
            if before != after {
                let changed = difference(&before, &after);
                found.push(format!("{} ({way:?}) changed {changed:?}: {seen:?}", attack.name));
            }
            before = after;
        }
    }
    if found.is_empty() {
        found.push(format!("one of {} changed, once, {what:?}", group[0].group()));
    }
    found
}
