//! What waits for one receiver: bounded, in order, each alert once, tried again later and later.
//! It is told the time and knows no IO.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::payload::Letter;

/// Alerts that wait for one receiver, at most; then the oldest gives way.
pub const QUEUE_MAX: usize = 1_000;

/// Alerts of the same key within this time are one.
const SAME_WITHIN: Duration = Duration::from_secs(600);

/// Keys that are remembered, at most.
const KEYS_MAX: usize = 4_096;

/// Pause after the first failure; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// How it is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    pub(super) first: Duration,
    pub(super) longest: Duration,
    /// From the moment it was raised.
    pub(super) give_up_after: Duration,
}

impl Pace {
    pub(super) const fn until(give_up_after: Duration) -> Self {
        Self { first: FIRST_PAUSE, longest: LONGEST_PAUSE, give_up_after }
    }
}

#[derive(Debug)]
pub(super) struct Outbox {
    pace: Pace,
    queue: VecDeque<Item>,
    /// Keys of late, oldest first.
    recent: VecDeque<(String, Instant)>,
    next_number: u64,
    /// Failures of the receiver as a whole, one after the other.
    failures: u32,
    /// Until then the receiver is left alone.
    closed_until: Option<Instant>,
}

#[derive(Debug)]
struct Item {
    number: u64,
    letter: Arc<Letter>,
    since: Instant,
    attempts: u32,
    not_before: Option<Instant>,
    under_way: bool,
}

/// What came of a new alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Taken {
    Queued,
    /// It was told a moment ago.
    Same,
    /// It is queued, and this one is not sent any more.
    Instead(&'static str),
}

/// What is to be done next.
#[derive(Debug, Clone)]
pub(super) enum Next {
    /// Send this.
    Send(u64, Arc<Letter>),
    /// Nothing before then.
    Wait(Instant),
    /// Nothing.
    Idle,
}

/// Why sending failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The receiver: it can't be reached, or can't take anything now.
    Receiver,
    /// This alert: it may take others.
    Letter,
}

impl Outbox {
    pub(super) const fn new(pace: Pace) -> Self {
        Self {
            pace,
            queue: VecDeque::new(),
            recent: VecDeque::new(),
            next_number: 0,
            failures: 0,
            closed_until: None,
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.queue.len()
    }

    /// Takes everything out; the events of what was not sent.
    pub(super) fn clear(&mut self) -> Vec<&'static str> {
        self.queue.drain(..).map(|item| item.letter.event()).collect()
    }

    pub(super) fn take(&mut self, letter: &Arc<Letter>, now: Instant) -> Taken {
        while self.recent.len() >= KEYS_MAX
            || self.recent.front().is_some_and(|(_, at)| now - *at >= SAME_WITHIN)
        {
            self.recent.pop_front();
        }
        if self.recent.iter().any(|(key, _)| key == letter.key()) {
            return Taken::Same;
        }
        self.recent.push_back((letter.key().to_owned(), now));
        let instead = if self.queue.len() < QUEUE_MAX { None } else { self.give_way() };
        self.next_number += 1;
        self.queue.push_back(Item {
            number: self.next_number,
            letter: Arc::clone(letter),
            since: now,
            attempts: 0,
            not_before: None,
            under_way: false,
        });
        instead.map_or(Taken::Queued, Taken::Instead)
    }

    /// The oldest that isn't being sent makes room.
    fn give_way(&mut self) -> Option<&'static str> {
        let place = self.queue.iter().position(|item| !item.under_way)?;
        self.queue.remove(place).map(|item| item.letter.event())
    }

    /// The oldest that is due; only one is under way at a time.
    pub(super) fn next(&mut self, now: Instant) -> Next {
        if self.queue.is_empty() {
            return Next::Idle;
        }
        if let Some(closed) = self.closed_until.filter(|closed| *closed > now) {
            return Next::Wait(closed);
        }
        let due = |item: &&mut Item| item.not_before.is_none_or(|time| time <= now);
        if let Some(item) = self.queue.iter_mut().find(due) {
            item.under_way = true;
            return Next::Send(item.number, Arc::clone(&item.letter));
        }
        let soonest = self.queue.iter().filter_map(|item| item.not_before).min();
        soonest.map_or(Next::Idle, Next::Wait)
    }

    /// It was taken.
    pub(super) fn delivered(&mut self, number: u64) {
        self.failures = 0;
        self.closed_until = None;
        self.queue.retain(|item| item.number != number);
    }

    /// It was not. `chance` is a random number from 0 to 1. True when it is given up.
    pub(super) fn failed(&mut self, number: u64, fault: Fault, now: Instant, chance: f64) -> bool {
        let Some(place) = self.queue.iter().position(|item| item.number == number) else {
            return false;
        };
        let Some(item) = self.queue.get_mut(place) else { return false };
        item.under_way = false;
        item.attempts += 1;
        let given_up = now - item.since >= self.pace.give_up_after;
        let failures = match fault {
            Fault::Receiver => {
                self.failures += 1;
                self.failures
            }
            Fault::Letter => {
                self.failures = 0;
                item.attempts
            }
        };
        let not_before = now + pause(self.pace, failures, chance);
        match fault {
            Fault::Receiver => self.closed_until = Some(not_before),
            Fault::Letter => item.not_before = Some(not_before),
        }
        if given_up {
            self.queue.remove(place);
        }
        given_up
    }

    /// What is too old by now, where the receiver doesn't even let it be tried: their events.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<&'static str> {
        let mut gone = Vec::new();
        let limit = self.pace.give_up_after;
        self.queue.retain(|item| {
            let stays = item.attempts == 0 && self.failures == 0
                || item.under_way
                || now - item.since < limit;
            if !stays {
                gone.push(item.letter.event());
            }
            stays
        });
        gone
    }
}

/// Twice as long each time, at most the longest; between half of it and all of it, so that many
/// senders don't come back at once.
fn pause(pace: Pace, failures: u32, chance: f64) -> Duration {
    let doubled = pace.first.saturating_mul(1 << failures.saturating_sub(1).min(20));
    doubled.min(pace.longest).mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::Alert;
    use crate::config::AlertEvent;

    fn letter(detail: u64) -> Arc<Letter> {
        let alert = Alert {
            detail: Some(detail.to_string()),
            ..Alert::new(AlertEvent::Revoked, 1_795_172_584_000_000)
        };
        Arc::new(Letter::new(alert, "node"))
    }

    fn outbox() -> (Outbox, Instant) {
        (Outbox::new(Pace::until(Duration::from_secs(3_600))), Instant::now())
    }

    fn number(next: Next) -> Option<u64> {
        match next {
            Next::Send(number, _) => Some(number),
            Next::Wait(_) | Next::Idle => None,
        }
    }

    #[test]
    fn the_same_is_told_once_within_a_while() {
        let (mut outbox, start) = outbox();
        assert_eq!(outbox.take(&letter(1), start), Taken::Queued);
        assert_eq!(outbox.take(&letter(1), start + SAME_WITHIN / 2), Taken::Same);
        assert_eq!(outbox.take(&letter(2), start), Taken::Queued);
        assert_eq!(outbox.take(&letter(1), start + SAME_WITHIN), Taken::Queued);
        assert_eq!(outbox.len(), 3);
    }

    #[test]
    fn beyond_the_bound_the_oldest_gives_way() {
        let (mut outbox, now) = outbox();
        for detail in 0..QUEUE_MAX as u64 {
            assert_eq!(outbox.take(&letter(detail), now), Taken::Queued);
        }
        // The first is being sent: it stays.
        assert_eq!(number(outbox.next(now)), Some(1));
        assert_eq!(outbox.take(&letter(9_999), now), Taken::Instead("grant.revoked"));
        assert_eq!(outbox.len(), QUEUE_MAX);
        outbox.delivered(1);
        assert_eq!(number(outbox.next(now)), Some(3));
        for detail in 0..10_000 {
            outbox.take(&letter(100_000 + detail), now);
        }
        assert!(outbox.len() == QUEUE_MAX && outbox.recent.len() <= KEYS_MAX);
    }

    #[test]
    fn a_dead_receiver_is_left_alone_longer_and_longer_and_given_up_at_last() {
        let (mut outbox, start) = outbox();
        outbox.take(&letter(1), start);
        outbox.take(&letter(2), start);
        let (mut now, mut attempts, mut last) = (start, 0, Duration::ZERO);
        loop {
            match outbox.next(now) {
                Next::Send(number, _) => {
                    attempts += 1;
                    if outbox.failed(number, Fault::Receiver, now, 1.0) {
                        break;
                    }
                }
                Next::Wait(until) => {
                    assert!(until - now >= last, "never sooner than before");
                    last = until - now;
                    now = until;
                }
                Next::Idle => panic!("it waits"),
            }
        }
        assert_eq!(last, LONGEST_PAUSE);
        assert!(now - start >= Duration::from_secs(3_600));
        assert!((15..30).contains(&attempts), "{attempts}");
        assert_eq!(outbox.expire(now), ["grant.revoked"]);
        assert_eq!(outbox.len(), 0);
    }

    #[test]
    fn one_that_is_not_taken_does_not_hold_up_the_others() {
        let (mut outbox, now) = outbox();
        outbox.take(&letter(1), now);
        outbox.take(&letter(2), now);
        assert_eq!(number(outbox.next(now)), Some(1));
        assert!(!outbox.failed(1, Fault::Letter, now, 0.0));
        assert_eq!(number(outbox.next(now)), Some(2));
        outbox.delivered(2);
        let Next::Wait(until) = outbox.next(now) else { panic!("the first waits") };
        assert_eq!(until - now, FIRST_PAUSE / 2);
        assert_eq!(number(outbox.next(until)), Some(1));
        outbox.delivered(1);
        assert!(matches!(outbox.next(until), Next::Idle));
    }

    #[test]
    fn after_a_success_nothing_waits() {
        let (mut outbox, now) = outbox();
        outbox.take(&letter(1), now);
        outbox.take(&letter(2), now);
        assert_eq!(number(outbox.next(now)), Some(1));
        outbox.failed(1, Fault::Receiver, now, 0.5);
        assert!(matches!(outbox.next(now), Next::Wait(_)));
        let later = now + Duration::from_secs(1);
        assert_eq!(number(outbox.next(later)), Some(1));
        outbox.delivered(1);
        assert_eq!(number(outbox.next(later)), Some(2));
        assert!(outbox.expire(later + Duration::from_secs(9_999)).is_empty(), "it was never tried");
    }
}
