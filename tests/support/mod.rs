//! What the integration tests stand on: real servers, the real binary, and clients of every kind.

pub(crate) mod clients;
pub(crate) mod fake;
pub(crate) mod gate;
pub(crate) mod message;
pub(crate) mod pg;
pub(crate) mod pki;
pub(crate) mod scram;
pub(crate) mod wire;

use std::time::{Duration, Instant};

/// Asks until the answer is yes; fails the test with `what` after `promised` times [`SLACK`].
pub(crate) fn eventually(
    what: &str,
    promised: Duration,
    mut holds: impl FnMut() -> bool,
) -> Duration {
    let limit = promised * SLACK;
    let start = Instant::now();
    loop {
        if holds() {
            return start.elapsed();
        }
        assert!(start.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Bounds in the tests are those promised, times this: a busy machine may stand still for seconds.
pub(crate) const SLACK: u32 = 10;

/// Runs the same test on the distribution's PostgreSQL and on 18.
macro_rules! on_each_server {
    ($($(#[$attribute:meta])* fn $name:ident($pg:ident) $body:block)*) => {$(
        mod $name {
            #[allow(unused_imports, reason = "not every body needs what its file imports")]
            use super::*;
            $(#[$attribute])*
            fn body($pg: &'static crate::support::pg::Pg) $body
            #[test]
            fn on_the_distribution() {
                body(crate::support::pg::distribution());
            }
            #[test]
            fn on_18() {
                if let Some(pg) = crate::support::pg::eighteen() {
                    body(pg);
                }
            }
        }
    )*};
}
pub(crate) use on_each_server;
