//! A task, and how other threads have it polled.

use std::cell::Cell;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};

use rustix::event::{EventfdFlags, eventfd};

/// One task of a loop.
pub(super) struct Task {
    call: Arc<Call>,
    /// Taken out while it is polled.
    body: Option<Body>,
    /// An event has put it in the queue. Apart from [`Call::queued`]: who asks here is the loop's
    /// own thread, and waits for no other. Woken by both it is polled twice, once in vain.
    is_queued: Cell<bool>,
}

/// What is polled.
pub(super) struct Body {
    future: Pin<Box<dyn Future<Output = ()>>>,
    waker: Waker,
}

/// What a task's wakers hold.
#[derive(Debug)]
struct Call {
    task: usize,
    /// A waker has put it in the queue, or in the list, and it was not polled since.
    queued: AtomicBool,
    outside: Arc<Outside>,
}

/// What a loop has in common with other threads.
#[derive(Debug)]
pub(super) struct Outside {
    /// Tasks that were woken.
    woken: Mutex<Vec<usize>>,
    any: AtomicBool,
    /// Rung when there are some: an event for the loop, asleep or not.
    bell: OwnedFd,
}

impl Task {
    pub(super) fn new(
        number: usize,
        future: Pin<Box<dyn Future<Output = ()>>>,
        outside: Arc<Outside>,
    ) -> Self {
        let call = Arc::new(Call { task: number, queued: AtomicBool::new(false), outside });
        let waker = Waker::from(Arc::clone(&call));
        Self { call, body: Some(Body { future, waker }), is_queued: Cell::new(false) }
    }

    /// What is to be polled, and then put back. Whoever wakes the task from now on wants another
    /// poll.
    pub(super) fn take(&mut self) -> Option<Body> {
        self.is_queued.set(false);
        // Who sets it after this look also has the task polled after it.
        if self.call.queued.load(Ordering::Relaxed) {
            // Acquire: what was done before the waking is seen.
            self.call.queued.swap(false, Ordering::AcqRel);
        }
        self.body.take()
    }

    pub(super) fn put_back(&mut self, body: Body) {
        self.body = Some(body);
    }

    /// Whether whoever asks for an event is to put it in the queue.
    pub(super) fn is_to_be_queued(&self) -> bool {
        !self.is_queued.replace(true)
    }
}

impl Body {
    /// True when it is done.
    pub(super) fn poll(&mut self) -> bool {
        self.future.as_mut().poll(&mut Context::from_waker(&self.waker)).is_ready()
    }
}

impl std::fmt::Debug for Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Task").field("call", &self.call).finish_non_exhaustive()
    }
}

impl Wake for Call {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.queued.swap(true, Ordering::AcqRel) {
            return;
        }
        let is_here = super::here(|this| {
            let is_here = Arc::ptr_eq(&this.outside, &self.outside);
            if is_here {
                this.queue.borrow_mut().push_back(self.task);
            }
            is_here
        });
        if is_here != Some(true) {
            self.outside.put(self.task);
        }
    }
}

impl Outside {
    /// # Errors
    /// When the kernel gives no eventfd.
    pub(super) fn new() -> io::Result<Self> {
        let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self { woken: Mutex::default(), any: AtomicBool::new(false), bell })
    }

    pub(super) const fn bell(&self) -> &OwnedFd {
        &self.bell
    }

    /// From another thread.
    fn put(&self, task: usize) {
        self.woken.lock().unwrap_or_else(PoisonError::into_inner).push(task);
        // Where somebody has rung before, the loop has not taken that yet and finds both.
        if !self.any.swap(true, Ordering::AcqRel)
            && let Err(problem) = rustix::io::write(&self.bell, &1_u64.to_ne_bytes())
        {
            tracing::error!(%problem, "a worker cannot be woken");
        }
    }

    /// Gives out what other threads woke. Each is marked as queued already.
    pub(super) fn take(&self, mut each: impl FnMut(usize)) {
        if self.any.load(Ordering::Relaxed) && self.any.swap(false, Ordering::AcqRel) {
            let woken =
                std::mem::take(&mut *self.woken.lock().unwrap_or_else(PoisonError::into_inner));
            woken.into_iter().for_each(&mut each);
        }
    }
}
