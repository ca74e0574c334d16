//! How a worker's thread shares its processor with others.
//!
//! A server that answers wakes the worker in the middle of its send(2). A thread like any other
//! would take the processor from it at once, for a client that then takes it from the worker; each of
//! these switches costs more than judging a statement. So workers have `SCHED_BATCH` of sched(7),
//! which needs no privilege: whoever wakes one goes on until it waits itself.
//!
//! Where something else keeps all processors busy, a woken worker then waits for a slice of the
//! scheduler's, a millisecond or more. A worker that is seen to wait so becomes a thread like any other
//! for a while, then tries again.

use std::io;

use super::schedstat::{Schedstat, Times};

/// The mean wait for a processor above which a worker waits too long, nanoseconds. Among threads that
/// all wait for one another it is some ten thousand.
const WAIT_NS_MAX: u64 = 500_000;
/// Turns on a processor of which the mean is taken; where a worker has fewer between two looks, they
/// are gathered.
const TURNS_MIN: u64 = 20;
/// Looks (`server::SWEEP_EVERY`) for which a worker is a thread like any other: 14 s at first, and 4
/// minutes at most where it meets the same again and again.
const PAUSE_LOOKS_MIN: u32 = 16;
const PAUSE_LOOKS_MAX: u32 = 256;

/// How one worker shares its processor, looked at from time to time by another thread.
#[derive(Debug)]
pub(super) struct Sharing {
    thread: rustix::thread::Pid,
    /// Nothing is changed any more where there is none.
    schedstat: Option<Schedstat>,
    waits: Waits,
    lets_finish: bool,
}

/// What was seen of a worker's waits.
#[derive(Debug, Default)]
struct Waits {
    /// Up to where they are judged.
    last: Times,
    /// Looks until it lets others finish again; 0 while it does.
    rest: u32,
    /// What `rest` began with the last time; 0 once it waited no longer.
    pause: u32,
}

impl Sharing {
    /// Has the calling thread let others finish, where it can be seen how long it waits then.
    /// Whoever chose another policy for the whole server keeps it.
    pub(super) fn here() -> Self {
        let thread = rustix::thread::gettid();
        let schedstat = match policy_of(thread) {
            Ok(libc::SCHED_OTHER) => Schedstat::here().ok(),
            _ => None,
        };
        // Some kernels have the file, and count nothing.
        let schedstat = schedstat.filter(|file| file.times().is_ok_and(|times| times.turns > 0));
        if schedstat.is_none() {
            tracing::debug!("workers keep their scheduling policy");
        }
        let mut this = Self { thread, schedstat, waits: Waits::default(), lets_finish: false };
        if this.schedstat.is_some() {
            this.set(true);
        }
        this
    }

    /// Looks at how long the worker had to wait since the last look.
    pub(super) fn look(&mut self) {
        // Read first: it fails once the thread has ended, whose number may be another's by then.
        let Some(Ok(times)) = self.schedstat.as_ref().map(Schedstat::times) else { return };
        let lets_finish = self.waits.let_finish(times);
        if lets_finish != self.lets_finish {
            tracing::debug!(thread = %self.thread, lets_finish, "a worker's share of a processor");
            self.set(lets_finish);
        }
    }

    fn set(&mut self, lets_finish: bool) {
        // Whoever chose another policy meanwhile keeps that, too.
        let is_ours = policy_of(self.thread).is_ok_and(|policy| policy == of(self.lets_finish));
        if is_ours && set_policy_of(self.thread, of(lets_finish)).is_ok() {
            self.lets_finish = lets_finish;
        } else {
            tracing::debug!(thread = %self.thread, "a worker's scheduling policy is left alone");
            self.schedstat = None;
        }
    }
}

const fn of(lets_finish: bool) -> i32 {
    if lets_finish { libc::SCHED_BATCH } else { libc::SCHED_OTHER }
}

impl Waits {
    /// Whether the worker is to let others finish until the next look.
    fn let_finish(&mut self, now: Times) -> bool {
        if self.rest > 0 {
            self.rest -= 1;
            self.last = now;
            return self.rest == 0;
        }
        let turns = now.turns.saturating_sub(self.last.turns);
        if turns < TURNS_MIN {
            return true;
        }
        let last = std::mem::replace(&mut self.last, now);
        if now.waited_ns.saturating_sub(last.waited_ns) / turns <= WAIT_NS_MAX {
            self.pause = 0;
            return true;
        }
        self.pause = (2 * self.pause).clamp(PAUSE_LOOKS_MIN, PAUSE_LOOKS_MAX);
        self.rest = self.pause;
        false
    }
}

// Not libc's sched_setscheduler and its like: musl's only fail, for what POSIX says of processes.
#[expect(unsafe_code, reason = "rustix has no scheduling policies; see the safety note")]
fn policy_of(thread: rustix::thread::Pid) -> io::Result<i32> {
    let thread = libc::c_long::from(thread.as_raw_nonzero().get());
    // SAFETY: takes a number and gives one.
    let policy = unsafe { libc::syscall(libc::SYS_sched_getscheduler, thread) };
    i32::try_from(policy).ok().filter(|&policy| policy >= 0).ok_or_else(io::Error::last_os_error)
}

#[expect(unsafe_code, reason = "rustix has no scheduling policies; see the safety note")]
fn set_policy_of(thread: rustix::thread::Pid, policy: i32) -> io::Result<()> {
    let thread = libc::c_long::from(thread.as_raw_nonzero().get());
    // SAFETY: the parameters are integers, all zero, as both policies take them, and are only read
    // during the call.
    let result = unsafe {
        let parameters: libc::sched_param = std::mem::zeroed();
        let policy = libc::c_long::from(policy);
        libc::syscall(libc::SYS_sched_setscheduler, thread, policy, &raw const parameters)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the calling thread, as sched.h counts: field 41 of `/proc/PID/stat`.
    fn policy() -> i32 {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        let behind_name = stat.rsplit_once(") ").unwrap().1;
        behind_name.split(' ').nth(38).unwrap().parse().unwrap()
    }

    /// Whether a thread's policy is set here at all: nobody chose another one for the tests.
    fn is_set() -> bool {
        policy() == libc::SCHED_OTHER && Schedstat::here().is_ok_and(|file| file.times().is_ok())
    }

    #[test]
    fn the_calling_thread_and_no_other_lets_others_finish() {
        let before = policy();
        let expected = if is_set() { libc::SCHED_BATCH } else { before };
        let within = std::thread::spawn(|| (Sharing::here(), policy())).join().unwrap().1;
        assert_eq!(within, expected);
        assert_eq!(policy(), before);
    }

    #[test]
    fn another_thread_takes_it_back_and_gives_it_again() {
        if !is_set() {
            return;
        }
        let on_another = |mut sharing: Sharing, lets_finish| {
            let set = move || (sharing.set(lets_finish), sharing).1;
            std::thread::spawn(set).join().unwrap()
        };
        let worker = move || {
            let mut sharing = Sharing::here();
            for lets_finish in [false, true] {
                sharing = on_another(sharing, lets_finish);
                assert_eq!(policy(), of(lets_finish));
            }
            // What somebody else has set stays.
            set_policy_of(sharing.thread, libc::SCHED_IDLE).unwrap();
            sharing = on_another(sharing, false);
            assert_eq!(policy(), libc::SCHED_IDLE);
            assert!(sharing.schedstat.is_none());
        };
        std::thread::spawn(worker).join().unwrap();
    }

    /// Looks at a worker: each with how many turns it had, and the mean wait for one, microseconds.
    /// The answers, as `+` and `-` for as many looks as stand behind.
    fn looks(looks: &[(u64, u64)]) -> String {
        let (mut waits, mut times) = (Waits::default(), Times::default());
        let mut answers: Vec<(char, u32)> = Vec::new();
        for &(turns, wait) in looks {
            times.turns += turns;
            times.waited_ns += turns * wait * 1_000;
            let answer = if waits.let_finish(times) { '+' } else { '-' };
            match answers.last_mut() {
                Some((last, count)) if *last == answer => *count += 1,
                _ => answers.push((answer, 1)),
            }
        }
        answers.iter().map(|(answer, count)| format!("{answer}{count}")).collect()
    }

    #[test]
    fn who_is_made_to_wait_becomes_a_thread_like_any_other_for_a_while() {
        let (calm, waits, slow, idle) = ((1_000, 40), (300, 1_300), (6, 1_300), (3, 40));
        let times = |count: usize, look| vec![look; count];
        let cases = [
            (times(50, calm), "+50"),
            (times(50, idle), "+50"),
            // Few turns are gathered until they say something.
            (times(24, slow), "+3-16+4-1"),
            // As any other it waits no longer, whatever else there is; so it tries again.
            ([vec![waits], times(40, calm)].concat(), "-16+25"),
            // Longer each time, up to four minutes.
            (times(17 + 33 + 65 + 129 + 257 + 257, waits), "-16+1-32+1-64+1-128+1-256+1-256+1"),
            // What comes after a calm look is new.
            (
                [times(17 + 33, waits), vec![calm, waits], times(17, calm)].concat(),
                "-16+1-32+2-16+2",
            ),
        ];
        for (given, expected) in cases {
            assert_eq!(looks(&given), expected);
        }
    }
}
