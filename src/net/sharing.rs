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

/// Waits for a processor that are too long, in the mean of one look, nanoseconds. Among threads that
/// all wait for one another they take some ten thousand.
const WAIT_MAX: u64 = 500_000;
/// A look that saw fewer turns than this tells nothing.
const TURNS_MIN: u64 = 20;
/// Looks for which a worker is a thread like any other: at first, and at most where it meets the same
/// again and again.
const PAUSE_MIN: u32 = 16;
const PAUSE_MAX: u32 = 256;

/// How one worker shares its processor, looked at from time to time by another thread.
#[derive(Debug)]
pub(super) struct Sharing {
    thread: rustix::thread::Pid,
    schedstat: Option<Schedstat>,
    waits: Waits,
    lets_finish: bool,
}

/// What was seen of a worker's waits.
#[derive(Debug, Default)]
struct Waits {
    last: Times,
    /// Looks until it lets others finish again; 0 while it does.
    rest: u32,
    /// How many these were the last time.
    pause: u32,
}

impl Sharing {
    /// Has the calling thread let others finish. Whoever chose another policy for the whole server
    /// keeps it.
    pub(super) fn here() -> Self {
        let thread = rustix::thread::gettid();
        let schedstat = match policy_of(thread) {
            Ok(libc::SCHED_OTHER) => Schedstat::here().ok(),
            _ => None,
        };
        let mut this = Self { thread, schedstat, waits: Waits::default(), lets_finish: false };
        // Where it can't be seen how long a worker waits, it is a thread like any other.
        if this.schedstat.is_some() {
            this.set(true);
        }
        this
    }

    /// Looks at how long the worker had to wait since the last look.
    pub(super) fn look(&mut self) {
        let Some(Ok(times)) = self.schedstat.as_ref().map(Schedstat::times) else { return };
        let lets_finish = self.waits.let_finish(times);
        if lets_finish != self.lets_finish {
            tracing::debug!(thread = %self.thread, lets_finish, "a worker's share of a processor");
            self.set(lets_finish);
        }
    }

    fn set(&mut self, lets_finish: bool) {
        let policy = if lets_finish { libc::SCHED_BATCH } else { libc::SCHED_OTHER };
        match set_policy_of(self.thread, policy) {
            Ok(()) => self.lets_finish = lets_finish,
            Err(problem) => {
                tracing::warn!(%problem, "a worker's scheduling policy cannot be set");
                self.schedstat = None;
            }
        }
    }
}

impl Waits {
    /// Whether the worker is to let others finish until the next look.
    fn let_finish(&mut self, now: Times) -> bool {
        let last = std::mem::replace(&mut self.last, now);
        if self.rest > 0 {
            self.rest -= 1;
            return self.rest == 0;
        }
        let turns = now.turns.saturating_sub(last.turns);
        if turns < TURNS_MIN {
            return true;
        }
        if now.waited.saturating_sub(last.waited) / turns <= WAIT_MAX {
            self.pause = 0;
            return true;
        }
        self.pause = (2 * self.pause).clamp(PAUSE_MIN, PAUSE_MAX);
        self.rest = self.pause;
        false
    }
}

#[expect(unsafe_code, reason = "rustix has no scheduling policies; see the safety note")]
fn policy_of(thread: rustix::thread::Pid) -> io::Result<i32> {
    // SAFETY: takes a number and gives one.
    let policy =
        unsafe { libc::syscall(libc::SYS_sched_getscheduler, thread.as_raw_nonzero().get()) };
    i32::try_from(policy).ok().filter(|&policy| policy >= 0).ok_or_else(io::Error::last_os_error)
}

#[expect(unsafe_code, reason = "rustix has no scheduling policies; see the safety note")]
fn set_policy_of(thread: rustix::thread::Pid, policy: i32) -> io::Result<()> {
    // SAFETY: the parameters are integers, all zero, as both policies take them, and are only read
    // during the call. A thread that has ended is an error.
    let result = unsafe {
        let parameters: libc::sched_param = std::mem::zeroed();
        let thread = thread.as_raw_nonzero().get();
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

    #[test]
    fn the_calling_thread_and_no_other_lets_others_finish() {
        let before = policy();
        let within = std::thread::spawn(|| (Sharing::here().lets_finish, policy()));
        let (lets_finish, within) = within.join().unwrap();
        assert_eq!(within, if lets_finish { libc::SCHED_BATCH } else { before });
        assert_eq!(policy(), before);
    }

    #[test]
    fn another_thread_takes_it_back_and_gives_it_again() {
        let mut sharing = Sharing::here();
        if !sharing.lets_finish {
            return; // Another policy was chosen, or the kernel has no schedstat.
        }
        for (lets_finish, expected) in [(false, libc::SCHED_OTHER), (true, libc::SCHED_BATCH)] {
            sharing = std::thread::spawn(move || {
                sharing.set(lets_finish);
                sharing
            })
            .join()
            .unwrap();
            assert_eq!(policy(), expected);
        }
    }

    /// Looks at a worker: each with how many turns it had, and the mean wait for one, microseconds.
    /// The answers, as `+` and `-` for as many looks as stand behind.
    fn looks(looks: &[(u64, u64)]) -> String {
        let (mut waits, mut times) = (Waits::default(), Times::default());
        let mut answers: Vec<(char, u32)> = Vec::new();
        for &(turns, wait) in looks {
            times.turns += turns;
            times.waited += turns * wait * 1_000;
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
        let (calm, waits, idle) = ((1_000, 40), (300, 1_300), (3, 4_000));
        let times = |count: usize, look| vec![look; count];
        let cases = [
            (times(50, calm), "+50"),
            (times(50, idle), "+50"),
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
