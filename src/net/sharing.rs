//! How a thread shares its processor with others: the policies of sched(7) that need no privilege.
//! Elsewhere than on Linux every thread is like any other.

/// Lets whoever wakes the calling thread go on until it waits itself: for a worker.
///
/// A server that answers wakes the worker in the middle of its send(2). A thread like any other
/// would take the processor from it at once, for a client that then takes it from the worker; each of
/// these switches costs more than judging a statement. The price: where something else keeps all
/// processors busy, a woken worker waits for a slice of the scheduler's, some milliseconds at most.
pub(super) fn let_others_finish() {
    #[cfg(target_os = "linux")]
    if let Err(problem) = set_policy(libc::SCHED_BATCH) {
        tracing::warn!(%problem, "a worker is scheduled like any other thread");
    }
}

/// Lets everything else go before the calling thread: a worker that is woken takes the processor
/// from it at once, and otherwise gets 300 times its share.
pub fn come_last() {
    #[cfg(target_os = "linux")]
    if let Err(problem) = set_policy(libc::SCHED_IDLE) {
        tracing::warn!(%problem, "a thread for later has the priority of sessions");
    }
}

#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "rustix has no scheduling policies; see the safety note")]
fn set_policy(policy: libc::c_int) -> std::io::Result<()> {
    // SAFETY: the parameters are integers, and all zero is what these policies take. The calling
    // thread exists, and the call only reads them.
    let error = unsafe {
        let parameters: libc::sched_param = std::mem::zeroed();
        libc::pthread_setschedparam(libc::pthread_self(), policy, &raw const parameters)
    };
    if error == 0 { Ok(()) } else { Err(std::io::Error::from_raw_os_error(error)) }
}

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
    fn the_calling_thread_and_no_other_is_scheduled_so() {
        let before = policy();
        let cases: [(fn(), i32); 2] =
            [(let_others_finish, libc::SCHED_BATCH), (come_last, libc::SCHED_IDLE)];
        for (step, expected) in cases {
            let within = std::thread::spawn(move || {
                step();
                policy()
            });
            assert_eq!(within.join().unwrap(), expected);
        }
        assert_eq!(policy(), before);
    }
}
