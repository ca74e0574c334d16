//! One read and what follows from it, in either direction.

use std::future::Future as _;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::oneshot;

use super::dial;
use super::event_loop;
use super::judging::Judging;
use super::relay::Relay;
use super::side::Input;
use super::worker::Recording;
use crate::base::Moment;
use crate::base::refusal;

/// Longest attempt to cancel a statement over its cap.
const CANCEL_WITHIN: Duration = Duration::from_secs(5);

/// What may wait for a client that sends but does not read, bytes, before it is read no more.
const UNREAD_BYTES_MAX: usize = 1024 * 1024;

impl Relay {
    /// Sends what waits.
    pub(super) fn flush(&mut self, context: &mut Context<'_>, now: Moment) -> bool {
        let mut moved = false;
        match self.client.poll_flush(context) {
            Ok(sent) => moved |= sent,
            Err(_) => self.hang_up("client_gone", now),
        }
        // Before the upstream's turn: a goodbye to it is sent now, not with the next event.
        self.check_left(now);
        // The upstream may have said why it takes no more: it is read on.
        moved |= self.upstream.poll_flush(context).unwrap_or(false);
        moved
    }

    pub(super) fn turn_upstream(&mut self, context: &mut Context<'_>, now: Moment) -> bool {
        // Back-pressure: only what the client has taken is followed by more.
        if self.upstream.ended || !(self.client.is_drained() || self.client.deaf) {
            return false;
        }
        if !self.upstream.may_have_more() {
            return false;
        }
        let worker = Rc::clone(&self.worker);
        let mut scratch = worker.scratch.borrow_mut();
        let input = if self.upstream.has_unseen() {
            self.upstream.again()
        } else {
            match self.upstream.poll_read(context, &mut scratch) {
                Poll::Pending => return false,
                Poll::Ready(Ok(input)) => input,
                Poll::Ready(Err(_)) => {
                    self.upstream.ended = true;
                    None
                }
            }
        };
        let now = self.time_of_turn(now);
        let Some(input) = input else {
            drop(scratch);
            self.upstream_ended(now);
            return true;
        };
        self.active_at = now;
        let (mut turn, mut stream) = (worker.turn.borrow_mut(), worker.stream.borrow_mut());
        turn.clear();
        let bytes = input.bytes(&scratch);
        let mut recording = Recording::new(&mut stream, &self.books, &worker, now);
        let consumed = self.session.upstream_bytes(bytes, now, &mut recording, &mut turn);
        let client_took = self.client.send(context, &turn.client, bytes);
        // What the session itself says to the upstream needs no record; a failure shows in the
        // next read.
        let _ = self.upstream.send(context, &turn.upstream, bytes);
        drop(recording);
        self.upstream.keep(input, &scratch, consumed);
        let end = turn.end.take();
        let (cancel, cap) = (turn.cancel, turn.cap);
        drop((turn, stream, scratch));
        self.look_again = true;
        if let Some(cap) = cap {
            worker.shared.metrics.cap_hit(cap);
        }
        if cancel {
            self.cancel();
        }
        self.note_progress();
        self.note_end(end, now);
        if client_took.is_err() {
            self.hang_up("client_gone", now);
        }
        true
    }

    /// Cancels what the upstream runs, since it returns more than it may.
    #[cold]
    fn cancel(&mut self) {
        let (done, wait) = oneshot::channel();
        self.cancelling = Some(wait);
        let Some(upstream) = self.books.entry.to_cancel() else { return };
        event_loop::spawn(async move {
            let (target, address) = (&upstream.target, &upstream.address);
            let request = dial::cancel(target, address, upstream.backend.pid, &upstream.key);
            if !matches!(event_loop::timeout(CANCEL_WITHIN, request).await, Ok(Ok(()))) {
                tracing::warn!("a statement over its cap could not be cancelled");
            }
            let _ = done.send(());
        });
    }

    /// Whether a cancel request has come to its end, so that what waited for it may go on.
    pub(super) fn poll_cancelling(&mut self, context: &mut Context<'_>) -> bool {
        let Some(waiting) = &mut self.cancelling else { return false };
        if Pin::new(waiting).poll(context).is_pending() {
            return false;
        }
        self.cancelling = None;
        self.session.cancelled();
        self.look_again = true;
        true
    }

    #[cold]
    fn upstream_ended(&mut self, now: Moment) {
        self.upstream.deafen();
        if !self.is_over() {
            let what = refusal::upstream_lost("it closed the connection");
            self.end_with(what, "upstream_lost", None, now);
        }
        // In the middle of a message there is no place for a word: the client sees the end.
        self.told();
        self.close_records(now);
    }

    pub(super) fn turn_client(&mut self, context: &mut Context<'_>, now: Moment) -> bool {
        if self.is_over() || !self.upstream.is_drained() || self.client.waiting() > UNREAD_BYTES_MAX
        {
            return false;
        }
        let judged = self.judging.is_some() && self.poll_judging(context, now);
        if self.is_over() {
            return true;
        }
        let again = std::mem::take(&mut self.look_again);
        if (judged || again || self.client.has_unseen())
            && self.judging.is_none()
            && let Some(input) = self.client.again()
            && self.take_client(context, input, now)
        {
            return true;
        }
        if self.client.ended || !self.session.wants_client() || !self.client.may_have_more() {
            return judged;
        }
        let worker = Rc::clone(&self.worker);
        let read = self.client.poll_read(context, &mut worker.scratch.borrow_mut());
        if read.is_pending() {
            return judged;
        }
        let now = self.time_of_turn(now);
        match read {
            Poll::Pending => judged,
            Poll::Ready(Ok(Some(input))) => {
                self.active_at = now;
                self.take_client(context, input, now);
                true
            }
            Poll::Ready(Ok(None)) => {
                self.client_left(now);
                true
            }
            Poll::Ready(Err(_)) => {
                self.hang_up("client_gone", now);
                true
            }
        }
    }

    /// Judges, records, and only then forwards. Whether anything came of it.
    fn take_client(&mut self, context: &mut Context<'_>, input: Input, now: Moment) -> bool {
        let worker = Rc::clone(&self.worker);
        let scratch = worker.scratch.borrow();
        let bytes = input.bytes(&scratch);
        let (mut turn, mut stream) = (worker.turn.borrow_mut(), worker.stream.borrow_mut());
        let mut judge = worker.judge.borrow_mut();
        turn.clear();
        let (session_mark, stream_mark) = (self.session.mark(), stream.mark());
        let mut recording = Recording::new(&mut stream, &self.books, &worker, now);
        let mut consumed =
            self.session.client_bytes(bytes, now, &mut judge, &mut recording, &mut turn);
        drop(recording);
        let boot = worker.note_judging(&judge, turn.decided, now);
        if turn.decided && !worker.commit(&mut stream, boot) {
            // Nothing of this turn has happened; the same bytes again, to be refused.
            self.session.rollback(session_mark);
            stream.rollback(stream_mark);
            turn.clear();
            self.session.set_audit_ok(false);
            let mut recording = Recording::new(&mut stream, &self.books, &worker, now);
            consumed = self.session.client_bytes(bytes, now, &mut judge, &mut recording, &mut turn);
            drop(recording);
            self.session.set_audit_ok(true);
            if turn.decided && !worker.commit(&mut stream, boot) {
                // That it was refused cannot be on record either.
                stream.rollback(stream_mark);
            }
        }
        let upstream_took = self.upstream.send(context, &turn.upstream, bytes);
        let client_took = self.client.send(context, &turn.client, bytes);
        let mut moved = consumed > 0;
        self.client.keep(input, &scratch, consumed);
        let end = turn.end.take();
        drop((turn, stream, scratch));
        if self.session.judging()
            && let Some(job) = judge.take_large()
        {
            self.judging = Some(Judging::new(job, now));
            // The next turn asks the pool.
            moved = true;
        }
        drop(judge);
        self.note_progress();
        self.note_end(end, now);
        if client_took.is_err() {
            self.hang_up("client_gone", now);
        }
        // A failed write shows in the next read, behind the upstream's own last words.
        moved || upstream_took.is_err()
    }

    /// Looks after a long statement that is judged on the pool; whether its judgement came.
    #[cold]
    fn poll_judging(&mut self, context: &mut Context<'_>, now: Moment) -> bool {
        let Some(judging) = &mut self.judging else { return false };
        match judging.poll(context, self.worker.pool(), now) {
            Poll::Pending => false,
            Poll::Ready(Ok(judgement)) => {
                self.judging = None;
                self.worker.judge.borrow_mut().supply(judgement);
                true
            }
            Poll::Ready(Err(refusal)) => {
                self.judging = None;
                self.end_with(refusal, "statement_too_complex", None, now);
                true
            }
        }
    }

    fn note_progress(&self) {
        self.books.entry.note_state(self.session.state());
        self.books.entry.note_rows(self.session.rows_returned());
    }
}
