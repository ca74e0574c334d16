//! Puts each `statement.done` to its statement. Statements keep their order; one that is not
//! done holds back those behind it, up to a bound.

use std::collections::{HashMap, VecDeque};

use super::needles::{self, Kind, StatementKey};

/// Bytes of lines that are held for those that are not done yet.
const HELD_BYTES_MAX: usize = 32 * 1024 * 1024;

/// What a record holds beside its bytes, about.
const SLOT_BYTES: usize = 128;

/// A record, with what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// The line, exactly as it stands on file.
    pub line: String,
    /// The `statement.done` of a `statement.allowed`, where it was found.
    pub done: Option<String>,
}

/// Holds what waits for its `statement.done`.
#[derive(Debug)]
pub(super) struct Join {
    slots: VecDeque<Slot>,
    /// Number of the first slot.
    first: u64,
    waiting: HashMap<StatementKey, u64>,
    bytes: usize,
    bytes_max: usize,
    /// Statements that were let go of before their end was seen.
    pub(super) given_up: u64,
}

#[derive(Debug)]
struct Slot {
    state: State,
    found: Found,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting(StatementKey),
    Ready,
    Dropped,
}

impl Join {
    pub(super) fn new() -> Self {
        Self {
            slots: VecDeque::new(),
            first: 0,
            waiting: HashMap::new(),
            bytes: 0,
            bytes_max: HELD_BYTES_MAX,
            given_up: 0,
        }
    }

    /// A record of any kind: put to its statement, or behind what is there.
    pub(super) fn add(&mut self, line: &str) {
        let bytes = line.as_bytes();
        match (needles::kind(bytes), needles::statement(bytes)) {
            (Kind::Allowed, Some(key)) => self.expect(key, line),
            (Kind::Done, Some(key)) if self.expects(&key) => self.complete(&key, line, true),
            _ => self.push(line),
        }
    }

    /// A record that is complete.
    pub(super) fn push(&mut self, line: &str) {
        self.put(State::Ready, line);
    }

    /// A statement whose end is still to come.
    pub(super) fn expect(&mut self, key: StatementKey, line: &str) {
        let number = self.first + self.slots.len() as u64;
        self.waiting.insert(key, number);
        self.put(State::Waiting(key), line);
    }

    /// Whether the end of this statement is waited for.
    pub(super) fn expects(&self, key: &StatementKey) -> bool {
        self.waiting.contains_key(key)
    }

    /// The end of a statement that is waited for; a statement that is not wanted is dropped.
    pub(super) fn complete(&mut self, key: &StatementKey, line: &str, wanted: bool) {
        let Some(number) = self.waiting.remove(key) else { return };
        let place = usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let Some(slot) = self.slots.get_mut(place) else { return };
        slot.state = if wanted { State::Ready } else { State::Dropped };
        if wanted {
            slot.found.done = Some(line.to_owned());
            self.bytes += line.len();
        } else {
            self.bytes -= slot.found.line.len();
            slot.found.line = String::new();
        }
    }

    /// The next that is complete and has nothing before it that is not. Where too much is held,
    /// one that is not: `unfinished` says what becomes of it.
    pub(super) fn next(&mut self, unfinished: Unfinished) -> Option<Found> {
        loop {
            let key = match self.slots.front()?.state {
                State::Waiting(_) if self.bytes <= self.bytes_max => return None,
                State::Waiting(key) => Some(key),
                State::Ready | State::Dropped => None,
            };
            self.given_up += u64::from(key.is_some());
            if let Some(found) = self.pop(unfinished) {
                return Some(found);
            }
        }
    }

    /// The next at the end of everything: what is not done now will not be.
    pub(super) fn rest(&mut self, unfinished: Unfinished) -> Option<Found> {
        while !self.slots.is_empty() {
            if let Some(found) = self.pop(unfinished) {
                return Some(found);
            }
        }
        None
    }

    fn pop(&mut self, unfinished: Unfinished) -> Option<Found> {
        let slot = self.slots.pop_front()?;
        self.first += 1;
        let Found { line, done } = &slot.found;
        self.bytes -= SLOT_BYTES + line.len() + done.as_ref().map_or(0, String::len);
        match slot.state {
            State::Ready => Some(slot.found),
            State::Dropped => None,
            State::Waiting(key) => {
                self.waiting.remove(&key);
                (unfinished == Unfinished::Show).then_some(slot.found)
            }
        }
    }

    fn put(&mut self, state: State, line: &str) {
        self.bytes += SLOT_BYTES + line.len();
        self.slots.push_back(Slot { state, found: Found { line: line.to_owned(), done: None } });
    }
}

/// What becomes of a statement whose end was not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfinished {
    /// It is shown without.
    Show,
    /// It is not: what was asked for cannot be told of it.
    Drop,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SessionId;

    fn key(statement: u64) -> StatementKey {
        StatementKey { session: SessionId::from_random(1), statement }
    }

    fn drain(join: &mut Join) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(found) = join.next(Unfinished::Show) {
            lines.push(found.line + found.done.as_deref().unwrap_or(""));
        }
        lines
    }

    #[test]
    fn statements_keep_their_order() {
        let mut join = Join::new();
        join.expect(key(1), "a");
        join.expect(key(2), "b");
        join.push("c");
        assert!(drain(&mut join).is_empty());
        assert!(join.expects(&key(2)) && !join.expects(&key(3)));
        join.complete(&key(2), "+", true);
        assert!(drain(&mut join).is_empty());
        join.complete(&key(1), "+", true);
        assert_eq!(drain(&mut join), ["a+", "b+", "c"]);
        join.expect(key(3), "d");
        join.expect(key(4), "e");
        join.expect(key(5), "f");
        join.complete(&key(3), "+", false);
        join.complete(&key(4), "+", true);
        assert_eq!(drain(&mut join), ["e+"]);
        assert_eq!(join.rest(Unfinished::Drop), None);
        assert_eq!((join.bytes, join.waiting.len(), join.given_up), (0, 0, 0));
    }

    #[test]
    fn what_is_held_is_bounded() {
        let mut join = Join { bytes_max: 10 * (SLOT_BYTES + 1), ..Join::new() };
        for statement in 0..1_000 {
            join.expect(key(statement), "x");
            drain(&mut join);
            assert!(join.slots.len() <= 10 && join.waiting.len() <= 10);
        }
        assert_eq!(join.given_up, 990);
        assert!(!join.expects(&key(0)));
    }
}
