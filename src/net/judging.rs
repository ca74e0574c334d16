//! A statement too long for a worker's thread, while the pool judges it.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use super::pool::{Job, Pool};
use crate::base::refusal::login;
use crate::base::{Moment, Refusal};
use crate::policy::{LargeJob, LargeJudgement};

/// Longest wait for room on the pool.
const ROOM_WITHIN_US: u64 = 15_000_000;
/// Longest wait for a judgement, its place in line included; the pre-scan keeps honest texts far
/// below it. The thread cannot be stopped, so it stays with the text and is lost to the pool for
/// as long.
const JUDGED_WITHIN_US: u64 = 15_000_000;
/// Pause before asking again for room.
pub(super) const RETRY_AFTER_US: u64 = 20_000;

/// Where the judgement of one long text stands.
pub(super) struct Judging {
    /// Not taken by the pool yet, which is full.
    job: Option<Job>,
    answer: oneshot::Receiver<LargeJudgement>,
    /// When it was wanted, then when it was put in line.
    since: Moment,
}

impl Judging {
    pub(super) fn new(job: LargeJob, now: Moment) -> Self {
        let (job, answer) = Pool::prepare(move || job.run());
        Self { job: Some(job), answer, since: now }
    }

    /// Whether the pool is to be asked again.
    pub(super) const fn waits_for_room(&self) -> bool {
        self.job.is_some()
    }

    /// The judgement, or why there will be none: the pool stays full, or it takes too long.
    pub(super) fn poll(
        &mut self,
        context: &mut Context<'_>,
        pool: &Pool,
        now: Moment,
    ) -> Poll<Result<LargeJudgement, Refusal>> {
        if let Some(job) = self.job.take() {
            let waited = now.since(self.since);
            match pool.put(job) {
                Ok(()) => self.since = now,
                Err(_) if waited >= ROOM_WITHIN_US => {
                    return Poll::Ready(Err(login::judging_full()));
                }
                Err(job) => {
                    self.job = Some(job);
                    return Poll::Pending;
                }
            }
        }
        match Pin::new(&mut self.answer).poll(context) {
            Poll::Ready(Ok(judgement)) => Poll::Ready(Ok(judgement)),
            Poll::Ready(Err(_)) => Poll::Ready(Err(login::judging_overrun())),
            Poll::Pending if now.since(self.since) >= JUDGED_WITHIN_US => {
                Poll::Ready(Err(login::judging_overrun()))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}
