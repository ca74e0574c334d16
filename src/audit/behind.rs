//! What is on record leaves the page cache soon after it was written.
//!
//! Left alone, the kernel keeps all of a log in memory that nothing else wants, and each page it
//! grows by is one that was not used before. In a virtual machine that may be one that the host has
//! to give first, which can cost more than the statement itself; and what others read is pushed out
//! at last. So of each mebibyte a thread of its own has the kernel begin to write it to disk, and let
//! go of the one before: while the disk keeps up, the log goes round the same few pages. The last
//! piece of a file stays until the kernel wants its room.
//!
//! Nothing waits for it, and nothing is promised by it: what must be on disk before it is forwarded is
//! written with `sync = "fsync"`.

use std::fs::File;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rustix::fs::{Advice, fadvise};

/// Bytes by which a file has grown when the thread is asked again.
const PIECE_BYTES: u64 = 1024 * 1024;

/// A piece ends where a page does (they have this many bytes, or some times as many): nobody waits
/// to write into one that is just on its way to the disk.
const PAGE_BYTES: u64 = 64 * 1024;

/// How far a file is.
#[derive(Debug)]
pub(super) struct Progress {
    /// What stands before is let go of.
    gone: u64,
    /// What stands before is on its way to the disk.
    begun: u64,
}

/// Writes behind the log, on a thread that ends with this.
#[derive(Debug)]
pub(super) struct Behind {
    /// `None` if there can be no thread.
    pieces: Option<SyncSender<Piece>>,
}

/// To be written where it is not on disk, and let go of where it is.
#[derive(Debug)]
struct Piece {
    file: Arc<File>,
    from: u64,
    length: NonZeroU64,
}

impl Progress {
    /// Of a file with this many bytes, which stay where they are.
    pub(super) const fn new(length: u64) -> Self {
        Self { gone: length, begun: length }
    }

    /// Where the next piece ends in a file of `length` bytes, if one is due.
    const fn due(&self, length: u64) -> Option<u64> {
        let end = length - length % PAGE_BYTES;
        if end >= self.begun.saturating_add(PIECE_BYTES) { Some(end) } else { None }
    }
}

impl Behind {
    /// Starts the thread; without it the log stays in the page cache.
    pub(super) fn start() -> Self {
        let (pieces, inbox) = sync_channel(1);
        let thread = std::thread::Builder::new().name("pgward-behind".to_owned());
        let started = thread.spawn(move || write_behind(&inbox)).inspect_err(|problem| {
            tracing::warn!(%problem, "the audit log stays in the page cache");
        });
        Self { pieces: started.is_ok().then_some(pieces) }
    }

    /// Follows a file that has grown to `length` bytes. Never waits: while the disk does not keep
    /// up, the piece grows.
    pub(super) fn follow(&self, progress: &mut Progress, file: &Arc<File>, length: u64) {
        if let Some(end) = progress.due(length) {
            self.hand_over(progress, file, end);
        }
    }

    #[inline(never)]
    fn hand_over(&self, progress: &mut Progress, file: &Arc<File>, end: u64) {
        let Some(pieces) = &self.pieces else { return };
        let from = progress.gone;
        let Some(length) = NonZeroU64::new(end.saturating_sub(from)) else { return };
        if pieces.try_send(Piece { file: Arc::clone(file), from, length }).is_ok() {
            *progress = Progress { gone: progress.begun, begun: end };
        }
    }
}

fn write_behind(inbox: &Receiver<Piece>) {
    for Piece { file, from, length } in inbox {
        // A file without pages (a pipe) says so; there is nothing to do about it.
        let _ = fadvise(file, from, Some(length), Advice::DontNeed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = PIECE_BYTES;

    #[test]
    fn a_piece_is_due_when_a_mebibyte_of_whole_pages_has_come() {
        let progress = Progress::new(100);
        let cases = [
            (100, None),
            (MIB, None),
            (MIB + 100, None),
            (MIB + PAGE_BYTES - 1, None),
            (MIB + PAGE_BYTES, Some(MIB + PAGE_BYTES)),
            (5 * MIB + 3, Some(5 * MIB)),
            // Somebody cut the file.
            (0, None),
        ];
        for (length, end) in cases {
            assert_eq!(progress.due(length), end, "{length}");
        }
    }

    #[test]
    fn each_byte_is_handed_over_twice_and_no_piece_is_lost_while_the_disk_hangs() {
        let file = Arc::new(tempfile::tempfile().unwrap());
        let (pieces, inbox) = sync_channel(1);
        let behind = Behind { pieces: Some(pieces) };
        let mut progress = Progress::new(0);
        let mut follow = |length| behind.follow(&mut progress, &file, length);
        let taken = || {
            let piece = inbox.try_recv().ok();
            piece.map(|piece| (piece.from, piece.from + piece.length.get()))
        };
        follow(MIB);
        follow(2 * MIB);
        follow(3 * MIB);
        assert_eq!(taken(), Some((0, MIB)));
        assert_eq!(taken(), None);
        follow(4 * MIB);
        assert_eq!(taken(), Some((0, 4 * MIB)));
        follow(4 * MIB + 7);
        assert_eq!(taken(), None);
        follow(5 * MIB);
        assert_eq!(taken(), Some((MIB, 5 * MIB)));
    }
}
