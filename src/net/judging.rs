//! A statement too long for a worker's thread, while the pool judges it.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use super::pool::Pool;
use crate::base::refusal::login;
use crate::base::{Moment, Refusal};
use crate::policy::{LargeJob, LargeJudgement};

/// Longest judgement; the pre-scan keeps honest texts far below it. The thread can not be
/// stopped, so it stays with the text and is lost to the pool for as long.
const JUDGED_WITHIN_US: u64 = 5_000_000;

/// Where the judgement of one long text stands.
#[derive(Debug)]
pub(super) struct Judging {
    job: Option<LargeJob>,
    answer: Option<oneshot::Receiver<LargeJudgement>>,
    since: Moment,
}

impl Judging {
    pub(super) const fn new(job: LargeJob, now: Moment) -> Self {
        Self { job: Some(job), answer: None, since: now }
    }

    /// The judgement, or why there will be none: the pool is full, or it takes too long.
    pub(super) fn poll(
        &mut self,
        context: &mut Context<'_>,
        pool: &Pool,
        now: Moment,
    ) -> Poll<Result<LargeJudgement, Refusal>> {
        if let Some(job) = self.job.take() {
            match pool.submit(move || job.run()) {
                Ok(answer) => self.answer = Some(answer),
                Err(_) => return Poll::Ready(Err(login::judging_full())),
            }
        }
        let Some(answer) = &mut self.answer else {
            return Poll::Ready(Err(login::judging_overrun()));
        };
        match Pin::new(answer).poll(context) {
            Poll::Ready(Ok(judgement)) => Poll::Ready(Ok(judgement)),
            Poll::Ready(Err(_)) => Poll::Ready(Err(login::judging_overrun())),
            Poll::Pending if now.since(self.since) >= JUDGED_WITHIN_US => {
                Poll::Ready(Err(login::judging_overrun()))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}
