//! How long a thread ran and waited for a processor, as the kernel counts it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// A thread's `/proc/self/task/TID/schedstat` (Documentation/scheduler/sched-stats.rst).
#[derive(Debug)]
pub(super) struct Schedstat(File);

/// What it says, since the thread began.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Times {
    /// On a processor, nanoseconds.
    pub(super) ran_ns: u64,
    /// Ready to run, but on no processor, nanoseconds.
    pub(super) waited_ns: u64,
    /// How often it got a processor.
    pub(super) turns: u64,
}

impl Schedstat {
    /// Of the calling thread.
    ///
    /// # Errors
    /// When the kernel has no such file.
    pub(super) fn here() -> io::Result<Self> {
        let thread = rustix::thread::gettid();
        File::open(format!("/proc/self/task/{}/schedstat", thread.as_raw_nonzero())).map(Self)
    }

    /// The times so far.
    ///
    /// # Errors
    /// When the thread has ended, or the file doesn't hold three numbers.
    pub(super) fn times(&self) -> io::Result<Times> {
        let mut text = [0; 64];
        let length = self.0.read_at(&mut text, 0)?;
        let text = std::str::from_utf8(text.get(..length).unwrap_or_default()).unwrap_or_default();
        let mut numbers = text.split_whitespace().map_while(|number| number.parse().ok());
        let mut next = || numbers.next().ok_or(io::ErrorKind::InvalidData);
        Ok(Times { ran_ns: next()?, waited_ns: next()?, turns: next()? })
    }
}
