//! A fixed pool of threads with large stacks, for texts too long to be parsed on a worker.
//!
//! Bounded twice: no more jobs wait than there is room for, and a job that overruns keeps its
//! thread (a parser cannot be stopped from outside), so the pool gets smaller, never larger.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

/// Stack of each thread: PostgreSQL's grammar recurses on nested expressions.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// Something to be done on the pool.
pub(super) type Job = Box<dyn FnOnce() + Send>;

/// The pool. Its threads end when it is dropped and their jobs are done.
#[derive(Debug)]
pub(super) struct Pool {
    jobs: SyncSender<Job>,
}

impl Pool {
    /// `threads` threads, and room for `waiting` jobs.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub(super) fn start(threads: usize, waiting: usize) -> std::io::Result<Self> {
        let (jobs, inbox) = sync_channel::<Job>(waiting);
        let inbox = Arc::new(Mutex::new(inbox));
        for index in 0..threads.max(1) {
            let inbox = Arc::clone(&inbox);
            std::thread::Builder::new()
                .name(format!("pgward-parse-{index}"))
                .stack_size(STACK_BYTES)
                .spawn(move || work(&inbox))?;
        }
        Ok(Self { jobs })
    }

    /// Has `job` done as soon as there is room, which [`Pool::put`] asks for; the receiver gets
    /// its result, or an error if it panicked.
    pub(super) fn prepare<T: Send + 'static>(
        job: impl FnOnce() -> T + Send + 'static,
    ) -> (Job, oneshot::Receiver<T>) {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move || {
            let _ = reply.send(job());
        });
        (job, answer)
    }

    /// Puts a job in line.
    ///
    /// # Errors
    /// Gives it back when no room is left to wait.
    pub(super) fn put(&self, job: Job) -> Result<(), Job> {
        self.jobs.try_send(job).map_err(|problem| match problem {
            TrySendError::Full(job) | TrySendError::Disconnected(job) => job,
        })
    }
}

fn work(inbox: &Mutex<Receiver<Job>>) {
    loop {
        let next = inbox.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // The thread outlives a job that panics; whoever waits sees the channel closed.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn submit<T: Send + 'static>(
        pool: &Pool,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Option<oneshot::Receiver<T>> {
        let (job, answer) = Pool::prepare(job);
        pool.put(job).ok().map(|()| answer)
    }

    #[tokio::test]
    async fn a_panic_costs_one_job_and_a_full_pool_takes_no_more() {
        let pool = Pool::start(1, 1).unwrap();
        let lost = submit(&pool, || -> u8 { panic!("a job's own fault") }).unwrap();
        assert!(lost.await.is_err());
        assert_eq!(submit(&pool, || 7).unwrap().await, Ok(7));

        let (started, is_started) = std::sync::mpsc::channel();
        let (release, released) = std::sync::mpsc::channel::<()>();
        let busy = submit(&pool, move || {
            started.send(()).unwrap();
            released.recv().unwrap();
        });
        is_started.recv().unwrap();
        let waiting = submit(&pool, || 8).unwrap();
        let (job, late) = Pool::prepare(|| 9);
        let job = pool.put(job).expect_err("it is given back");
        release.send(()).unwrap();
        assert!(busy.unwrap().await.is_ok());
        assert_eq!(waiting.await, Ok(8));
        assert!(pool.put(job).is_ok());
        assert_eq!(late.await, Ok(9));
    }
}
