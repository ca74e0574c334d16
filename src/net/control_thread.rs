//! The thread of the control connections: every login asks one of them something, and a thread of
//! its own answers without waking others to share the work with.

use tokio::runtime::{Builder, Runtime};

/// Runs the control connections until it is dropped.
#[derive(Debug)]
pub(super) struct ControlThread(Option<Runtime>);

impl ControlThread {
    /// # Errors
    /// When the thread or its runtime cannot be made.
    pub(super) fn start() -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("pgward-control")
            .enable_io()
            .enable_time()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// Does something whose tasks are to run there.
    pub(super) fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        let _entered = self.0.as_ref().map(Runtime::enter);
        work()
    }
}

impl Drop for ControlThread {
    /// Whoever drops it may be a task, which may not wait.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
