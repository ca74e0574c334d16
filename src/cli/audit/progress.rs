//! How far a long reading is, on a terminal's last line.

use std::io::{self, IsTerminal, Write};

use crate::audit::search::Progress;
use crate::base::Moment;
use crate::config::format_size;
use crate::net::clock;

/// A reading that takes no longer says nothing, microseconds.
const QUIET_US: u64 = 1_000_000;
/// Pause between two words, microseconds.
const EVERY_US: u64 = 200_000;

/// The line on stderr, where that is a terminal.
#[derive(Debug)]
pub(super) struct Meter {
    terminal: bool,
    started: Moment,
    said: Moment,
    shown: bool,
}

impl Meter {
    pub(super) fn new() -> Self {
        let now = clock::now();
        Self { terminal: io::stderr().is_terminal(), started: now, said: now, shown: false }
    }

    /// So far it is.
    pub(super) fn show(&mut self, progress: &Progress<'_>, found: u64) {
        let now = clock::now();
        let due = now.since(self.started) >= QUIET_US && now.since(self.said) >= EVERY_US;
        if self.terminal && due {
            self.said = now;
            self.shown = true;
            let _ = write!(io::stderr(), "\r\u{1b}[K{}", words(progress, found));
        }
    }

    /// Takes the line away, before anything else is printed.
    pub(super) fn clear(&mut self) {
        if std::mem::replace(&mut self.shown, false) {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }
}

fn words(progress: &Progress<'_>, found: u64) -> String {
    let Progress { file, done, total } = progress;
    let percent = done.saturating_mul(100).checked_div(*total).unwrap_or(100).min(100);
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let size = format_size(total.next_multiple_of(1 << 20));
    format!("{percent} % of {size}, {found} found, reading {name}")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn progress_in_words() {
        let file = Path::new("/a/audit.jsonl");
        let progress = Progress { file, done: 300 << 20, total: (600 << 20) - 7 };
        assert_eq!(words(&progress, 3), "50 % of 600MiB, 3 found, reading audit.jsonl");
        let empty = Progress { file, done: 0, total: 0 };
        assert_eq!(words(&empty, 0), "100 % of 0B, 0 found, reading audit.jsonl");
    }
}
