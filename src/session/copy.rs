//! COPY IN: while it is open or may be open, only CopyData, CopyDone, CopyFail, Flush and Sync
//! go upstream. The server reads whatever comes in that time as part of the COPY, so a message
//! that we judge as a statement would be read by it as something else.

use super::Session;
use super::replies::{Reply, Request};

/// What the client may send.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Gate {
    /// Anything.
    #[default]
    Free,
    /// A COPY FROM STDIN was forwarded and has not been answered: COPY data, or wait.
    Maybe,
    /// The server said CopyInResponse: COPY data only.
    Open,
}

impl Session {
    /// The server said CopyInResponse. Syncs sent before the COPY's end are part of it: the
    /// server ignores them, and no ReadyForQuery comes for them.
    pub(super) fn copy_opened(&mut self) {
        self.forget_optional_syncs();
        self.upstream.copy_in = true;
        if self.ahead.gate == Gate::Maybe {
            self.ahead.gate = Gate::Open;
        }
    }

    /// The COPY was answered with CommandComplete: Syncs sent during it were ignored.
    pub(super) fn copy_completed(&mut self) {
        self.forget_optional_syncs();
        self.upstream.copy_in = false;
        self.gate_after_copy();
    }

    /// One COPY is over: the next may be under way already.
    fn gate_after_copy(&mut self) {
        let pending = self.ahead.gate != Gate::Free && self.replies.iter().any(Reply::copies_in);
        self.ahead.gate = if pending { Gate::Maybe } else { Gate::Free };
    }

    /// Something failed that was or may have been a COPY. Where it never opened, the Syncs sent
    /// meanwhile are real ones; where it was open, nobody can tell which of them the server had
    /// read by then, so each may or may not be answered.
    pub(super) fn copy_failed(&mut self) {
        let opened = std::mem::take(&mut self.upstream.copy_in);
        if !opened {
            for reply in &mut self.replies {
                if let Request::Sync { optional } = &mut reply.request {
                    *optional = false;
                }
            }
        }
        self.gate_after_copy();
    }

    fn forget_optional_syncs(&mut self) {
        self.replies.retain(|reply| !matches!(reply.request, Request::Sync { optional: true }));
    }
}
