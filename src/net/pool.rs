//! A fixed pool of threads with large stacks, for texts too long to be parsed on a worker.
//!
//! Bounded twice: no more jobs wait than there is room for, and a job that overruns keeps its
//! thread (a parser can not be stopped from outside), so the pool gets smaller, never larger.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

/// Stack of each thread: PostgreSQL's grammar recurses on nested expressions.
const STACK_BYTES: usize = 64 * 1024 * 1024;

type Job = Box<dyn FnOnce() + Send>;

/// The pool. Its threads end when it is dropped and their jobs are done.
#[derive(Debug)]
pub struct Pool {
    jobs: SyncSender<Job>,
}

/// No thread is free and no room is left to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the pool for long statements is full")]
pub struct Full;

impl Pool {
    /// `threads` threads, and room for `waiting` jobs.
    ///
    /// # Errors
    /// When a thread can not be started.
    pub fn start(threads: usize, waiting: usize) -> std::io::Result<Self> {
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

    /// Has `job` done; the receiver gets its result, or an error if it panicked.
    ///
    /// # Errors
    /// [`Full`].
    pub fn submit<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<oneshot::Receiver<T>, Full> {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move || {
            let _ = reply.send(job());
        });
        self.jobs.try_send(job).map_err(|_| Full)?;
        Ok(answer)
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

    #[tokio::test]
    async fn a_panic_costs_one_job_and_a_full_pool_refuses() {
        let pool = Pool::start(1, 1).unwrap();
        let lost = pool.submit(|| -> u8 { panic!("a job's own fault") }).unwrap();
        assert!(lost.await.is_err());
        assert_eq!(pool.submit(|| 7).unwrap().await, Ok(7));

        let (started, is_started) = std::sync::mpsc::channel();
        let (release, released) = std::sync::mpsc::channel::<()>();
        let busy = pool
            .submit(move || {
                started.send(()).unwrap();
                released.recv().unwrap();
            })
            .unwrap();
        is_started.recv().unwrap();
        let waiting = pool.submit(|| 8).unwrap();
        assert_eq!(pool.submit(|| 9).err(), Some(Full));
        release.send(()).unwrap();
        assert!(busy.await.is_ok());
        assert_eq!(waiting.await, Ok(8));
    }
}
