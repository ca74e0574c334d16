//! How a worker's thread shares its processor with others.

/// Lets whoever wakes the calling thread go on until it waits itself.
///
/// A server that answers wakes the worker in the middle of its send(2). A thread like any other
/// would take the processor from it at once, for a client that then takes it from the worker; each of
/// these switches costs more than judging a statement. The price: where something else keeps all
/// processors busy, a woken worker waits for a slice of the scheduler's, some milliseconds.
///
/// `SCHED_BATCH` of sched(7), which needs no privilege. Whoever chose another policy for the whole
/// server keeps it.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "rustix has no scheduling policies; see the safety note")]
pub(super) fn let_others_finish() {
    // SAFETY: the parameters are integers, all zero at first, as `SCHED_BATCH` takes them. The
    // calling thread exists; the first call writes to what it is given, the second only reads.
    let error = unsafe {
        let (mut policy, mut parameters) = (0, std::mem::zeroed::<libc::sched_param>());
        let thread = libc::pthread_self();
        match libc::pthread_getschedparam(thread, &raw mut policy, &raw mut parameters) {
            0 if policy != libc::SCHED_OTHER => 0,
            0 => libc::pthread_setschedparam(thread, libc::SCHED_BATCH, &raw const parameters),
            error => error,
        }
    };
    if error != 0 {
        let problem = std::io::Error::from_raw_os_error(error);
        tracing::warn!(%problem, "a worker is scheduled like any other thread");
    }
}

/// Only Linux has such threads.
#[cfg(not(target_os = "linux"))]
pub(super) fn let_others_finish() {}

#[cfg(test)]
#[cfg(target_os = "linux")]
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
        let expected = if before == libc::SCHED_OTHER { libc::SCHED_BATCH } else { before };
        let within = std::thread::spawn(|| {
            let_others_finish();
            policy()
        });
        assert_eq!(within.join().unwrap(), expected);
        assert_eq!(policy(), before);
    }
}
