//! One session between ReadyForQuery and end: moves bytes between two sockets as the pure
//! [`Session`] says, writes the record before what it tells of, and keeps time.
//!
//! One task polls both directions by hand. Reading goes into the worker's shared scratch, so an
//! idle session owns no buffer; what a peer does not take is kept, and that direction is then
//! not read further, so memory is bounded by one read each way.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::oneshot;

use super::clock;
use super::event_loop::Sleep;
use super::judging::{Judging, RETRY_AFTER_US};
use super::news::Told;
use super::parameters::rfc3339;
use super::registry::EndCause;
use super::side::Side;
use super::stream::Stream;
use super::warnings::Warnings;
use super::worker::{Books, Recording, Worker};
use crate::base::refusal::login;
use crate::base::{Moment, Refusal};
use crate::session::{End, News, Session, State};

/// Turns of one session before others get theirs.
const TURNS_MAX: usize = 16;
/// How long a session that ended is kept for the outcome of what was running (promise 4).
const OUTCOME_WITHIN_US: u64 = 2_000_000;
/// How long an ended session's client has to take its last message, and how long what was
/// running may go on when the client has closed its side.
const TOLD_WITHIN_US: u64 = 1_000_000;
/// A session that has lasted so long has its backend looked up: most that come and go at once are
/// gone by then.
const NAMED_AFTER_US: u64 = 50_000;
/// Both clocks are compared with the session's end at least this often while it waits for one.
const LOOK_EVERY_US: u64 = 1_000_000;

/// How a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ended {
    /// `session.end`'s `end_reason`, of a closed set.
    pub(super) reason: &'static str,
    /// More, where there is more.
    pub(super) detail: Option<String>,
    /// What the client was told, where it was told.
    pub(super) sqlstate: Option<String>,
    /// The upstream has closed its side: its backend is gone.
    pub(super) upstream_closed: bool,
    /// When it began to end.
    pub(super) at: Moment,
}

/// A session's two connections and what stands between them.
pub(super) struct Relay {
    pub(super) worker: Rc<Worker>,
    pub(super) books: Books,
    pub(super) session: Session,
    pub(super) client: Side,
    pub(super) upstream: Side,
    timer: Sleep,
    /// CLOCK_BOOTTIME at which the timer fires.
    armed_for: u64,
    /// The same as the wall clock stood at the last look; it can be set since.
    armed_for_wall: i64,
    /// CLOCK_BOOTTIME at which its backend is to be looked up; `u64::MAX` once it was.
    name_at: u64,
    idle_us: u64,
    /// When the client is told that its grant ends.
    warnings: Warnings,
    /// What the client has been told of the grant's changes.
    pub(super) news: Told,
    /// When bytes last came from either side.
    pub(super) active_at: Moment,
    /// The client has closed its side while something was running.
    left_at: Option<Moment>,
    over: Option<Over>,
    /// Nothing was moved yet since the task was woken.
    is_first_turn: bool,
    /// The waker that the session's entry has, once it has one.
    watching: Option<Waker>,
    /// A reply came: what was held is to be looked at again.
    pub(super) look_again: bool,
    /// A long statement that is being judged on the pool.
    pub(super) judging: Option<Judging>,
    /// A cancel request of ours, on its way.
    pub(super) cancelling: Option<oneshot::Receiver<()>>,
}

/// A session that ended, until both sides are done with.
struct Over {
    reason: &'static str,
    detail: Option<String>,
    sqlstate: Option<String>,
    at: Moment,
    /// Nothing more will be said to the client.
    told: bool,
    /// Its backend is being ended.
    backend_ended: bool,
}

/// What a relay begins with.
pub(super) struct Begin {
    pub(super) worker: Rc<Worker>,
    pub(super) books: Books,
    pub(super) session: Session,
    /// The client, and what was read of it beyond its login.
    pub(super) client: (Stream, Vec<u8>),
    /// The upstream, and what was read of it beyond its ReadyForQuery.
    pub(super) upstream: (Stream, Vec<u8>),
    /// `limits.idle_timeout`; zero: none.
    pub(super) idle_timeout: Duration,
    /// When the client is told that its grant ends.
    pub(super) warnings: Warnings,
    /// Whether the client is told of the grant's changes.
    pub(super) tells: bool,
}

impl Relay {
    pub(super) fn new(begin: Begin) -> Self {
        let now = clock::now();
        let Begin { worker, books, session, client, upstream, idle_timeout, warnings, tells } =
            begin;
        let idle_us = match u64::try_from(idle_timeout.as_micros()) {
            Ok(0) | Err(_) => u64::MAX,
            Ok(micros) => micros,
        };
        Self {
            worker,
            books,
            session,
            client: Side::new(client.0, client.1),
            upstream: Side::new(upstream.0, upstream.1),
            timer: Sleep::until(now.boot),
            armed_for: now.boot,
            armed_for_wall: now.wall,
            name_at: now.boot.saturating_add(NAMED_AFTER_US),
            idle_us,
            warnings,
            news: Told::new(tells),
            active_at: now,
            left_at: None,
            over: None,
            is_first_turn: true,
            watching: None,
            look_again: false,
            judging: None,
            cancelling: None,
        }
    }

    /// Runs until the session is over and what it said last is sent. A panic ends this session
    /// with XX000 and nothing else.
    pub(super) async fn run(&mut self) -> Ended {
        let finished = std::future::poll_fn(|context| {
            match std::panic::catch_unwind(AssertUnwindSafe(|| self.poll(context))) {
                Ok(Poll::Pending) => Poll::Pending,
                Ok(Poll::Ready(())) => Poll::Ready(true),
                Err(_) => {
                    // Catching again: what panicked once may do so twice.
                    let _ = std::panic::catch_unwind(AssertUnwindSafe(|| self.panicked(context)));
                    Poll::Ready(false)
                }
            }
        });
        let finished = finished.await;
        let now = clock::now();
        self.close_records(now);
        let upstream_closed = self.upstream.ended;
        match self.over.take().filter(|_| finished) {
            Some(Over { reason, detail, sqlstate, at, .. }) => {
                Ended { reason, detail, sqlstate, upstream_closed, at }
            }
            None => Ended {
                reason: "internal_error",
                detail: None,
                sqlstate: Some("XX000".to_owned()),
                upstream_closed,
                at: now,
            },
        }
    }

    /// Tells the client, if its stream certainly stands between two messages: nothing waits to
    /// be sent and no reply is due.
    #[cold]
    fn panicked(&mut self, context: &mut Context<'_>) {
        self.worker.session_panicked(self.books.entry.id);
        if self.client.is_drained() && self.session.state() != State::Active {
            let mut bytes = Vec::new();
            crate::wire::write::error(&mut bytes, &login::internal(self.books.entry.id));
            self.client.queue_bytes(&bytes);
            let _ = self.client.poll_flush(context);
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.client.woken();
        self.upstream.woken();
        self.is_first_turn = true;
        let mut now = clock::now();
        for _ in 0..TURNS_MAX {
            self.keep_time(context, now);
            let mut moved = self.flush(context, now);
            moved |= self.poll_cancelling(context);
            moved |= self.turn_upstream(context, now);
            moved |= self.turn_client(context, now);
            if self.is_done(context, now) {
                return Poll::Ready(());
            }
            if !moved || !self.may_go_on() {
                return Poll::Pending;
            }
            if !std::mem::replace(&mut self.is_first_turn, false) || self.over.is_some() {
                now = clock::now();
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Whether another turn may find something to do without an event. Most often this one has
    /// read and sent all there was.
    fn may_go_on(&self) -> bool {
        self.over.is_some()
            || self.left_at.is_some()
            || self.judging.is_some()
            || self.cancelling.is_some()
            || self.client.may_have_more()
            || self.upstream.may_have_more()
    }

    /// What time it is for bytes that a turn has read. The last turn of a poll most often reads
    /// none, so only one that does asks the clocks again.
    pub(super) fn time_of_turn(&self, now: Moment) -> Moment {
        if self.is_first_turn { now } else { clock::now() }
    }

    /// Ends the session when its time is over, when it was idle too long, or when it is told to
    /// from outside; sets the timer for the next of these.
    fn keep_time(&mut self, context: &mut Context<'_>, now: Moment) {
        if !self.is_in_time(context, now) {
            self.look_at_time(context, now);
        }
    }

    #[inline(never)]
    fn look_at_time(&mut self, context: &mut Context<'_>, now: Moment) {
        self.watch(context);
        // Taken before the end is read: who moves it writes it before it calls.
        let changed = self.books.entry.take_changed();
        if self.over.is_none() {
            if now.boot >= self.name_at {
                self.name_at = u64::MAX;
                self.books.entry.name_backend();
            }
            let ends = self.books.entry.deadline().wall;
            if ends != self.session.terms().expires_at {
                self.session.renew(ends, &rfc3339(ends), now);
                self.tell(News::Moved(ends), now);
            }
            if changed {
                self.tell_scopes(now);
            }
            if let Some(cause) = self.books.entry.ending() {
                self.end_by(&cause, now);
            } else if self.books.entry.deadline().passed(now) {
                self.end_from_here(EndCause::Expired, now);
            } else if now.since(self.active_at) >= self.idle_us
                && self.session.state() != State::Active
            {
                self.end_from_here(EndCause::Idle { seconds: self.idle_us / 1_000_000 }, now);
            } else if self.left_at.is_some_and(|left| now.since(left) >= TOLD_WITHIN_US) {
                self.hang_up("client_gone", now);
            } else if self.warnings.are_due(self.books.entry.deadline(), now) {
                self.tell(News::EndsSoon(ends), now);
            }
        } else if self.over.as_ref().is_some_and(|over| now.since(over.at) >= TOLD_WITHIN_US) {
            self.end_backend();
        }
        // Polled when it was set, so it wakes this task; before that there is nothing to ask.
        let fired =
            now.boot >= self.armed_for && Pin::new(&mut self.timer).poll(context).is_ready();
        let next = self.next_look(now);
        if fired || next < self.armed_for {
            self.armed_for = next;
            self.timer.reset(next);
            if Pin::new(&mut self.timer).poll(context).is_ready() {
                context.waker().wake_by_ref();
            }
        }
        let left = i64::try_from(self.armed_for.saturating_sub(now.boot)).unwrap_or(i64::MAX);
        self.armed_for_wall = now.wall.saturating_add(left);
    }

    /// Whether there is nothing about time to be looked at: the timer is set for whatever comes
    /// next, on neither clock has it come, and nobody has called.
    fn is_in_time(&self, context: &Context<'_>, now: Moment) -> bool {
        self.over.is_none()
            && self.left_at.is_none()
            && self.judging.is_none()
            && now.boot < self.armed_for
            && now.wall < self.armed_for_wall
            && !self.books.entry.is_called()
            && self.watching.as_ref().is_some_and(|own| own.will_wake(context.waker()))
    }

    /// Has this task woken when the session is to end, and when the grant is changed.
    fn watch(&mut self, context: &Context<'_>) {
        let waker = context.waker();
        if !self.watching.as_ref().is_some_and(|own| own.will_wake(waker)) {
            self.watching = Some(waker.clone());
            self.books.entry.watch(waker);
        }
    }

    /// The next time, by CLOCK_BOOTTIME, at which something is due.
    fn next_look(&self, now: Moment) -> u64 {
        let after = |wait: u64| now.boot.saturating_add(wait);
        if let Some(over) = &self.over {
            let due = [TOLD_WITHIN_US, OUTCOME_WITHIN_US].map(|us| over.at.boot.saturating_add(us));
            return due.into_iter().find(|due| *due > now.boot).unwrap_or(after(LOOK_EVERY_US));
        }
        let mut wait = self.books.entry.deadline().left(now);
        wait = wait.min(self.name_at.saturating_sub(now.boot));
        if self.left_at.is_some() || self.judging.is_some() {
            wait = wait.min(LOOK_EVERY_US);
        }
        if let Some(warning) = self.warnings.next_in(self.books.entry.deadline(), now) {
            wait = wait.min(warning);
        }
        if self.judging.as_ref().is_some_and(Judging::waits_for_room) {
            wait = wait.min(RETRY_AFTER_US);
        }
        // An active session is not idle: look again when its pause could be over at the soonest.
        let idle = self.idle_us.saturating_sub(now.since(self.active_at)).max(LOOK_EVERY_US);
        after(wait.min(idle))
    }

    /// As [`Relay::end_by`], for causes found here; the entry then has the backend ended.
    fn end_from_here(&mut self, cause: EndCause, now: Moment) {
        self.books.entry.end(cause.clone());
        self.end_by(&cause, now);
    }

    fn end_by(&mut self, cause: &EndCause, now: Moment) {
        let refusal = cause.refusal(&self.books.entry);
        let detail = match cause {
            EndCause::Revoked { because, .. } | EndCause::Killed { because } => {
                Some(because.clone())
            }
            EndCause::Expired | EndCause::Shutdown | EndCause::Idle { .. } | EndCause::Unseen => {
                None
            }
        };
        self.end_with(refusal, cause.word(), detail, now);
        if let Some(over) = &mut self.over {
            over.backend_ended = true;
        }
    }

    /// Nothing more is forwarded; the client is told at the next boundary between messages.
    #[cold]
    pub(super) fn end_with(
        &mut self,
        refusal: Refusal,
        reason: &'static str,
        detail: Option<String>,
        now: Moment,
    ) {
        if self.over.is_some() {
            return;
        }
        let sqlstate = Some(refusal.sqlstate.code().to_owned());
        self.over =
            Some(Over { reason, detail, sqlstate, at: now, told: false, backend_ended: false });
        self.upstream.forget_pending();
        let worker = Rc::clone(&self.worker);
        let (mut turn, mut stream) = (worker.turn.borrow_mut(), worker.stream.borrow_mut());
        turn.clear();
        let mut recording = Recording::new(&mut stream, &self.books, &worker, now);
        self.session.end(refusal, now, &mut recording, &mut turn);
        drop(recording);
        self.client.queue(&turn.client, &[]);
        let end = turn.end.take();
        drop((turn, stream));
        self.note_end(end, now);
    }

    /// What the session said of its end.
    pub(super) fn note_end(&mut self, end: Option<Box<End>>, now: Moment) {
        if let Some(end) = end {
            self.ended_by_session(*end, now);
        }
    }

    #[cold]
    fn ended_by_session(&mut self, end: End, now: Moment) {
        if let Some(over) = &mut self.over {
            over.told = true;
            return;
        }
        let (reason, detail, sqlstate) = match end {
            End::Terminated => ("client_terminated", None, None),
            End::Refused(refusal) => {
                let reason =
                    if refusal.rule == "malformed" { "protocol_violation" } else { "refused" };
                (reason, Some(refusal.message), Some(refusal.sqlstate.code().to_owned()))
            }
            End::Upstream { sqlstate, message } => {
                ("upstream_ended", Some(message), Some(sqlstate))
            }
        };
        let refused = sqlstate.is_some();
        self.over =
            Some(Over { reason, detail, sqlstate, at: now, told: true, backend_ended: false });
        if refused {
            self.end_backend();
        }
    }

    /// The client is gone: nobody is told. What is running is ended; closing the upstream's
    /// socket would not stop it.
    #[cold]
    pub(super) fn hang_up(&mut self, reason: &'static str, now: Moment) {
        self.client.deafen();
        if let Some(over) = &mut self.over {
            over.told = true;
            return;
        }
        self.over = Some(Over {
            reason,
            detail: None,
            sqlstate: None,
            at: now,
            told: true,
            backend_ended: false,
        });
        if self.session.state() == State::Active || !self.upstream.is_drained() {
            self.end_backend();
        } else {
            let mut bytes = Vec::new();
            crate::wire::write::terminate(&mut bytes);
            self.upstream.queue_bytes(&bytes);
        }
    }

    /// The client will send no more. What it sent before may still run to its end, for a while.
    #[cold]
    pub(super) fn client_left(&mut self, now: Moment) {
        if self.session.state() == State::Active || !self.upstream.is_drained() {
            self.left_at = self.left_at.or(Some(now));
        } else {
            self.hang_up("client_gone", now);
        }
    }

    /// Whether the client's last words were replied to after it closed its side.
    pub(super) fn check_left(&mut self, now: Moment) {
        if self.left_at.is_some()
            && self.over.is_none()
            && self.session.state() != State::Active
            && self.client.is_drained()
        {
            self.hang_up("client_gone", now);
        }
    }

    fn end_backend(&mut self) {
        let Some(over) = &mut self.over else { return };
        if std::mem::replace(&mut over.backend_ended, true) || self.upstream.ended {
            return;
        }
        if let Some(backend) = self.books.entry.take_backend() {
            self.books.entry.control().end_soon(&backend);
        }
    }

    pub(super) const fn is_over(&self) -> bool {
        self.over.is_some()
    }

    /// Nothing more will be said to the client: its stream is broken off.
    pub(super) fn told(&mut self) {
        if let Some(over) = &mut self.over {
            over.told = true;
        }
    }

    /// Whether nothing is left to be done. The client's side is closed as soon as it was told.
    fn is_done(&mut self, context: &mut Context<'_>, now: Moment) -> bool {
        self.over.is_some() && self.close_when_told(context, now)
    }

    #[cold]
    fn close_when_told(&mut self, context: &mut Context<'_>, now: Moment) -> bool {
        let Some(over) = &self.over else { return false };
        let since = now.since(over.at);
        let client_done =
            self.client.deaf || (over.told && self.client.is_drained()) || since >= TOLD_WITHIN_US;
        if client_done {
            let worker = Rc::clone(&self.worker);
            self.client.close(context, &mut worker.scratch.borrow_mut());
        }
        client_done && (self.upstream.ended || since >= OUTCOME_WITHIN_US)
    }

    /// Closes what is still open on record.
    pub(super) fn close_records(&mut self, now: Moment) {
        let worker = Rc::clone(&self.worker);
        let mut stream = worker.stream.borrow_mut();
        let mut recording = Recording::new(&mut stream, &self.books, &worker, now);
        self.session.lost(now, &mut recording);
    }
}
