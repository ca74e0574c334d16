//! Times to wake at, by CLOCK_BOOTTIME: one timer of the kernel per loop, set anew only when the
//! soonest time changes, so that waiting for events needs no clock.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

use super::here;
use crate::net::clock;

const MICROS_PER_SECOND: u64 = 1_000_000;

/// The times that a loop's tasks wait for.
#[derive(Debug)]
pub(super) struct Timers {
    timer: OwnedFd,
    /// By time, microseconds, and a number that tells equal ones apart.
    waiting: BTreeMap<(u64, u64), Waker>,
    next_number: u64,
    /// What the kernel's timer is set to; `u64::MAX`: nothing.
    armed: u64,
}

impl Timers {
    pub(super) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Boottime, flags)?;
        Ok(Self { timer, waiting: BTreeMap::new(), next_number: 0, armed: u64::MAX })
    }

    pub(super) const fn timer(&self) -> &OwnedFd {
        &self.timer
    }

    fn add(&mut self, at: u64, waker: Waker) -> u64 {
        self.next_number += 1;
        self.waiting.insert((at, self.next_number), waker);
        if at < self.armed {
            self.arm(at);
        }
        self.next_number
    }

    /// Wakes everybody whose time has come.
    pub(super) fn fire(&mut self) {
        let now = clock::boot();
        while let Some(first) = self.waiting.first_entry()
            && first.key().0 <= now
        {
            first.remove().wake();
        }
        self.arm(self.waiting.first_key_value().map_or(u64::MAX, |((at, _), _)| *at));
    }

    fn arm(&mut self, at: u64) {
        self.armed = at;
        let none = Timespec { tv_sec: 0, tv_nsec: 0 };
        let (seconds, micros) = (at / MICROS_PER_SECOND, at % MICROS_PER_SECOND);
        let value = match i64::try_from(seconds) {
            Ok(tv_sec) if at < u64::MAX => {
                // All zero would mean never.
                Timespec { tv_sec, tv_nsec: i64::try_from(micros * 1_000).unwrap_or(0).max(1) }
            }
            _ => none,
        };
        let set = Itimerspec { it_interval: none, it_value: value };
        if let Err(problem) = timerfd_settime(&self.timer, TimerfdTimerFlags::ABSTIME, &set) {
            tracing::error!(%problem, "a worker's timer cannot be set");
        }
    }
}

/// Done when its time has come.
#[derive(Debug)]
pub struct Sleep {
    /// CLOCK_BOOTTIME, microseconds.
    at: u64,
    waits: Waits,
}

#[derive(Debug)]
enum Waits {
    Nowhere,
    /// Under that number among the loop's.
    Here(u64, Waker),
    Tokio(Pin<Box<tokio::time::Sleep>>),
}

impl Sleep {
    /// Until a time by CLOCK_BOOTTIME, microseconds.
    #[must_use]
    pub const fn until(at: u64) -> Self {
        Self { at, waits: Waits::Nowhere }
    }

    /// Sleeps until another time.
    pub fn reset(&mut self, at: u64) {
        self.forget();
        self.at = at;
    }

    fn forget(&mut self) {
        if let Waits::Here(number, _) = std::mem::replace(&mut self.waits, Waits::Nowhere) {
            here(|this| this.timers.borrow_mut().waiting.remove(&(self.at, number)));
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let now = clock::boot();
        if now >= self.at {
            self.forget();
            return Poll::Ready(());
        }
        let at = self.at;
        match &mut self.waits {
            Waits::Here(_, waker) if waker.will_wake(context.waker()) => return Poll::Pending,
            Waits::Tokio(sleep) => {
                // Another clock, and a coarser one: asked again if it is early.
                while sleep.as_mut().poll(context).is_ready() {
                    let now = clock::boot();
                    if now >= at {
                        return Poll::Ready(());
                    }
                    sleep.as_mut().reset(later(at - now));
                }
                return Poll::Pending;
            }
            Waits::Here(..) | Waits::Nowhere => {}
        }
        self.forget();
        let waker = context.waker().clone();
        let number = here(|this| this.timers.borrow_mut().add(at, waker.clone()));
        if let Some(number) = number {
            self.waits = Waits::Here(number, waker);
            return Poll::Pending;
        }
        self.waits = Waits::Tokio(Box::pin(tokio::time::sleep_until(later(at - now))));
        self.poll(context)
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.forget();
    }
}

fn later(micros: u64) -> tokio::time::Instant {
    tokio::time::Instant::now() + Duration::from_micros(micros)
}

/// So long from now, by CLOCK_BOOTTIME, microseconds.
#[must_use]
pub fn after(duration: Duration) -> u64 {
    clock::boot().saturating_add(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
}

/// Done so long from now.
#[must_use]
pub fn sleep(duration: Duration) -> Sleep {
    Sleep::until(after(duration))
}

/// What a future comes to within so long.
///
/// # Errors
/// When it takes longer; it is dropped then.
pub async fn timeout<F: Future>(within: Duration, future: F) -> Result<F::Output, TimedOut> {
    timeout_at(after(within), future).await
}

/// What a future comes to before a time by CLOCK_BOOTTIME, microseconds.
///
/// # Errors
/// As [`timeout`].
pub async fn timeout_at<F: Future>(end: u64, future: F) -> Result<F::Output, TimedOut> {
    let mut time = Sleep::until(end);
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Ok(output));
        }
        Pin::new(&mut time).poll(context).map(|()| Err(TimedOut))
    })
    .await
}

/// It took too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimedOut;
