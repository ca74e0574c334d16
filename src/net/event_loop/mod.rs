//! What runs a worker's tasks: one thread, one epoll, nothing shared with another thread but a
//! list of tasks to be woken.
//!
//! A general runtime keeps, for every socket, who waits for what, under locks that other threads
//! might want. Here a socket belongs to the task that reads it; an event marks the socket and
//! polls that task, so between epoll_wait and the session's own code there is next to nothing.
//! The price: a task is always polled as a whole. Futures that poll their parts only when each
//! part's own waker was called (`FuturesUnordered`) must not be used on it.
//!
//! What it has no part in (name resolution, blocking work, pgward's own connections) stays with
//! tokio. Sockets and times made off a loop are tokio's, so code that serves both needs to know
//! neither.

mod socket;
mod task;
mod time;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;
use rustix::time::Timespec;
use slab::Slab;

use socket::Ready;
use task::{Outside, Task};
use time::Timers;

pub use socket::{Listener, Socket};
pub use time::{Sleep, after, sleep, timeout, timeout_at};

/// Events taken with one epoll_wait.
const EVENTS: usize = 256;
/// Calls to sockets within one poll of a task, so that no peer that sends without end keeps the
/// others, or the task's own timeout, waiting: a TLS record may hold nothing.
const CALLS_MAX: u32 = 128;
/// Rounds of tasks that woke one another, before events are looked at again.
const ROUNDS_MAX: usize = 4;
/// What epoll says of [`Outside`]'s wake-ups, instead of a socket's place.
const OUTSIDE: u64 = u64::MAX;
/// The same of the timer.
const TIMER: u64 = u64::MAX - 1;

thread_local! {
    /// The loop of this thread, while it runs.
    static HERE: RefCell<Option<Rc<EventLoop>>> = const { RefCell::new(None) };
    /// The task that is being polled.
    static CURRENT: Cell<usize> = const { Cell::new(usize::MAX) };
    /// What it may still ask of its sockets in this poll.
    static BUDGET: Cell<u32> = const { Cell::new(0) };
}

/// One thread's loop.
#[derive(Debug)]
pub(super) struct EventLoop {
    epoll: OwnedFd,
    sockets: RefCell<Slab<Arc<Ready>>>,
    tasks: RefCell<Slab<Task>>,
    /// Tasks to be polled, in order.
    queue: RefCell<VecDeque<usize>>,
    timers: RefCell<Timers>,
    outside: Arc<Outside>,
    over: Cell<bool>,
}

impl EventLoop {
    /// A loop that does not run yet.
    ///
    /// # Errors
    /// When the kernel gives no epoll or timer.
    pub(super) fn new() -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let (timers, outside) = (Timers::new()?, Outside::new()?);
        // By edges: each firing and each wake-up is an event, though nobody reads these counters.
        let edges = EventFlags::IN | EventFlags::ET;
        epoll::add(&epoll, timers.timer(), EventData::new_u64(TIMER), edges)?;
        epoll::add(&epoll, outside.bell(), EventData::new_u64(OUTSIDE), edges)?;
        let outside = Arc::new(outside);
        Ok(Self {
            epoll,
            sockets: RefCell::default(),
            tasks: RefCell::default(),
            queue: RefCell::default(),
            timers: RefCell::new(timers),
            outside,
            over: Cell::new(false),
        })
    }

    /// Runs `main` and what it spawns, on this thread, until `main` is done. What is not done by
    /// then is dropped.
    ///
    /// # Errors
    /// When events can't be waited for.
    pub(super) fn run(self, main: impl Future<Output = ()> + 'static) -> io::Result<()> {
        let this = Rc::new(self);
        HERE.set(Some(Rc::clone(&this)));
        this.spawn(async {
            let _over = Over;
            main.await;
        });
        let result = this.serve();
        // Tasks hold sockets that look for their loop when they are dropped.
        let left = this.tasks.take();
        drop(left);
        HERE.set(None);
        result
    }

    fn serve(&self) -> io::Result<()> {
        let none = Event { flags: EventFlags::empty(), data: EventData::new_u64(OUTSIDE) };
        let mut events = [none; EVENTS];
        loop {
            self.outside.take(|task| self.queue.borrow_mut().push_back(task));
            for _ in 0..ROUNDS_MAX {
                self.poll_queued();
            }
            if self.over.get() {
                return Ok(());
            }
            let sleeps = self.queue.borrow().is_empty();
            let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
            let waited = epoll::wait(&self.epoll, &mut events[..], (!sleeps).then_some(&at_once));
            let count = match waited {
                Ok(count) => count,
                Err(Errno::INTR) => 0,
                Err(problem) => return Err(problem.into()),
            };
            for event in events.iter().take(count) {
                match event.data.u64() {
                    OUTSIDE => {}
                    TIMER => self.timers.borrow_mut().fire(),
                    socket => {
                        let sockets = self.sockets.borrow();
                        let place = usize::try_from(socket).unwrap_or(usize::MAX);
                        if let Some(ready) = sockets.get(place) {
                            self.wake(ready.note(event.flags));
                        }
                    }
                }
            }
        }
    }

    /// Polls those that are queued now; whom they wake comes later.
    fn poll_queued(&self) {
        let queued = self.queue.borrow().len();
        for _ in 0..queued {
            let Some(task) = self.queue.borrow_mut().pop_front() else { return };
            self.poll_task(task);
        }
    }

    fn poll_task(&self, number: usize) {
        let Some(mut body) = self.tasks.borrow_mut().get_mut(number).and_then(Task::take) else {
            return;
        };
        CURRENT.set(number);
        BUDGET.set(CALLS_MAX);
        let polled = std::panic::catch_unwind(AssertUnwindSafe(|| body.poll()));
        CURRENT.set(usize::MAX);
        if polled.is_err() {
            tracing::error!("internal error: a task was ended");
        }
        let mut tasks = self.tasks.borrow_mut();
        if polled.unwrap_or(true) {
            let done = tasks.try_remove(number);
            // What it holds may be a socket of this loop's, or wake another task, or panic.
            drop(tasks);
            let _ = std::panic::catch_unwind(AssertUnwindSafe(|| drop((body, done))));
        } else if let Some(task) = tasks.get_mut(number) {
            task.put_back(body);
        }
    }

    /// Has a task polled, once, however many events come before.
    fn wake(&self, number: usize) {
        if self.tasks.borrow().get(number).is_some_and(|task| task.is_to_be_queued()) {
            self.queue.borrow_mut().push_back(number);
        }
    }

    fn spawn(&self, future: impl Future<Output = ()> + 'static) {
        let mut tasks = self.tasks.borrow_mut();
        let place = tasks.vacant_entry();
        let number = place.key();
        place.insert(Task::new(number, Box::pin(future), Arc::clone(&self.outside)));
        drop(tasks);
        self.wake(number);
    }
}

/// Ends the loop when its main task does, however that is.
struct Over;

impl Drop for Over {
    fn drop(&mut self) {
        here(|this| this.over.set(true));
    }
}

/// Runs a future on this thread beside what it runs already; nobody hears how it ends. On a
/// thread without a loop it needs a `LocalSet` of tokio's.
pub fn spawn(future: impl Future<Output = ()> + 'static) {
    match HERE.with_borrow(Clone::clone) {
        Some(this) => this.spawn(future),
        None => drop(tokio::task::spawn_local(future)),
    }
}

/// What `look` sees of this thread's loop, if it has one.
fn here<T>(look: impl FnOnce(&EventLoop) -> T) -> Option<T> {
    HERE.try_with(|here| here.try_borrow().ok()?.as_deref().map(look)).ok().flatten()
}

#[cfg(test)]
mod tests;
