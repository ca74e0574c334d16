//! A session's last statement: written by the session's own thread with every statement, read by
//! any other now and then. No lock: who writes waits for nobody, and who reads looks whether it
//! was written meanwhile (a sequence lock).

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
use std::time::Duration;

/// How much of a statement is kept to be shown, bytes.
const BYTES_MAX: usize = 256;
const WORD: usize = 8;
/// How often a reader tries again while it is being written, and how long it waits before that.
const TRIES: usize = 1_000;
const PAUSE: Duration = Duration::from_micros(50);

/// The start of a text.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Last {
    /// Odd while it is being written.
    version: AtomicU32,
    /// Bytes.
    length: AtomicU32,
    words: [AtomicU64; BYTES_MAX / WORD],
}

impl Default for Last {
    fn default() -> Self {
        let words = std::array::from_fn(|_| AtomicU64::new(0));
        Self { version: AtomicU32::new(0), length: AtomicU32::new(0), words }
    }
}

impl Last {
    /// Takes a text, cut. A second writer at the same time would mix texts.
    pub(super) fn write(&self, text: &[u8]) {
        let text = text.get(..BYTES_MAX).unwrap_or(text);
        let version = self.version.load(Ordering::Relaxed);
        self.version.store(version.wrapping_add(1), Ordering::Relaxed);
        fence(Ordering::Release);
        self.length.store(u32::try_from(text.len()).unwrap_or(0), Ordering::Relaxed);
        let (whole, rest) = text.as_chunks::<WORD>();
        let mut words = self.words.iter();
        for (chunk, word) in whole.iter().zip(&mut words) {
            word.store(u64::from_le_bytes(*chunk), Ordering::Relaxed);
        }
        if let (Some(word), false) = (words.next(), rest.is_empty()) {
            let value = rest.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte));
            word.store(value, Ordering::Relaxed);
        }
        self.version.store(version.wrapping_add(2), Ordering::Release);
    }

    /// The text; `None` where there is none, or it never stood still.
    pub(super) fn read(&self) -> Option<Vec<u8>> {
        for _ in 0..TRIES {
            let version = self.version.load(Ordering::Acquire);
            let length = self.length.load(Ordering::Relaxed) as usize;
            let mut text = Vec::with_capacity(BYTES_MAX);
            for word in &self.words {
                text.extend_from_slice(&word.load(Ordering::Relaxed).to_le_bytes());
            }
            fence(Ordering::Acquire);
            if version.is_multiple_of(2) && self.version.load(Ordering::Relaxed) == version {
                text.truncate(length);
                return (length > 0).then_some(text);
            }
            // A writer may have lost its processor in the middle.
            std::thread::sleep(PAUSE);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_cut() {
        let last = Last::default();
        assert_eq!(last.read(), None);
        for length in [1, 7, 8, 9, 255, 256, 257, 1_000, 3] {
            let text: Vec<u8> = (0..length).map(|at: usize| (at % 251) as u8).collect();
            last.write(&text);
            assert_eq!(last.read().unwrap(), text[..length.min(BYTES_MAX)], "{length}");
        }
        last.write(b"");
        assert_eq!(last.read(), None);
    }

    #[test]
    fn texts_are_never_mixed() {
        let last = Last::default();
        let text = |letter: u8| vec![letter; 1 + usize::from(letter) * 7 % 250];
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for round in 0..300_000_u32 {
                    last.write(&text(b'a' + (round % 26) as u8));
                    if round % 64 == 0 {
                        std::thread::yield_now();
                    }
                }
            });
            let mut count = 0;
            while !writer.is_finished() {
                if let Some(read) = last.read() {
                    assert_eq!(read, text(read[0]));
                    count += 1;
                }
            }
            assert!(count > 0);
        });
    }
}
