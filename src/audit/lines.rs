//! The lines of one file, without copying them.
//!
//! A file that was set aside may be compressed by whoever keeps it: `….jsonl.gz` (gzip, also in
//! several members) and `….jsonl.zst` (zstd, also in several frames) are read as they are.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::Path;
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;
use memchr::memchr;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::archive::open;

/// Longest line that is read, bytes; pgward writes none that long.
pub(super) const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes read at once.
const BLOCK_BYTES: usize = 256 * 1024;

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Packing {
    /// As it was written.
    Plain,
    /// gzip
    Gzip,
    /// zstd
    Zstd,
}

/// Lines of a file, one after the other.
pub(super) struct Lines {
    reader: Box<dyn Read>,
    buffer: Vec<u8>,
    /// Of `buffer`: from where to where is read and not handed out.
    start: usize,
    end: usize,
    /// Bytes of the file itself that were read, compressed as they may be.
    consumed: Rc<Cell<u64>>,
}

/// A line without its newline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RawLine<'a> {
    pub(super) bytes: &'a [u8],
    /// It ended with a newline, and wasn't too long.
    pub(super) whole: bool,
}

impl RawLine<'_> {
    /// Whether it looks like a record of ours; cheap, and true for all of them.
    pub(super) fn is_record(&self) -> bool {
        self.whole && self.bytes.starts_with(b"{") && self.bytes.ends_with(b"}")
    }
}

/// Whether a name says that the file is compressed.
pub(super) fn packing(path: &Path) -> Packing {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("gz") => Packing::Gzip,
        Some("zst") => Packing::Zstd,
        _ => Packing::Plain,
    }
}

impl Lines {
    /// Of the file at `path`, unpacked as its name says; `None` when it is not there.
    pub(super) fn open(path: &Path) -> io::Result<Option<Self>> {
        Ok(open(path)?.map(|file| Self::of(file, packing(path))))
    }

    /// Of an open file.
    pub(super) fn of(file: File, packing: Packing) -> Self {
        let consumed = Rc::new(Cell::new(0));
        let file = Counted { file, consumed: Rc::clone(&consumed) };
        let reader: Box<dyn Read> = match packing {
            Packing::Plain => Box::new(file),
            Packing::Gzip => {
                Box::new(MultiGzDecoder::new(BufReader::with_capacity(BLOCK_BYTES, file)))
            }
            Packing::Zstd => Box::new(Frames::new(file)),
        };
        Self { reader, buffer: vec![0; BLOCK_BYTES], start: 0, end: 0, consumed }
    }

    /// Bytes of the file that were read so far.
    pub(super) fn consumed(&self) -> u64 {
        self.consumed.get()
    }

    /// The next line; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<RawLine<'_>>> {
        // Bytes of the line that hold no newline.
        let mut seen = 0;
        let (end, whole) = loop {
            let unseen = self.buffer.get(self.start + seen..self.end).unwrap_or_default();
            if let Some(at) = memchr(b'\n', unseen) {
                break (self.start + seen + at, true);
            }
            seen = self.end - self.start;
            if seen >= LINE_BYTES_MAX || !self.fill()? {
                if seen == 0 {
                    return Ok(None);
                }
                break (self.end, false);
            }
        };
        let start = std::mem::replace(&mut self.start, (end + 1).min(self.end));
        let bytes = self.buffer.get(start..end).unwrap_or_default();
        Ok(Some(RawLine { bytes, whole }))
    }

    /// Reads more behind what is there; false at the end.
    fn fill(&mut self) -> io::Result<bool> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buffer.len() {
            self.buffer.resize((self.buffer.len() * 2).min(LINE_BYTES_MAX), 0);
        }
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        let read = loop {
            match self.reader.read(room) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        self.end += read;
        Ok(read > 0)
    }
}

/// Counts what is read of a file.
#[derive(Debug)]
struct Counted {
    file: File,
    consumed: Rc<Cell<u64>>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.consumed.set(self.consumed.get() + read as u64);
        Ok(read)
    }
}

/// All frames of a zstd file, each with its checksum compared.
struct Frames {
    source: BufReader<Counted>,
    decoder: FrameDecoder,
    /// Inside a frame.
    within: bool,
}

impl Frames {
    fn new(file: Counted) -> Self {
        let source = BufReader::with_capacity(BLOCK_BYTES, file);
        Self { source, decoder: FrameDecoder::new(), within: false }
    }

    /// Goes to the start of the next frame's data; false at the end of the file.
    fn next_frame(&mut self) -> io::Result<bool> {
        while !self.source.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.source) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let length = u64::from(length);
                    if io::copy(&mut self.source.by_ref().take(length), &mut io::sink())? < length {
                        return Err(ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(broken(error.to_string())),
            }
        }
        Ok(false)
    }
}

impl Read for Frames {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.within {
                self.within = self.next_frame()?;
                if !self.within {
                    return Ok(0);
                }
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                let decoded = self.decoder.decode_blocks(&mut self.source, one);
                decoded.map_err(|error| broken(error.to_string()))?;
            }
            let read = self.decoder.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let said = self.decoder.get_checksum_from_data();
            if said.is_some() && said != self.decoder.get_calculated_checksum() {
                return Err(broken("its checksum does not fit"));
            }
            self.within = false;
        }
    }
}

fn broken(what: impl Into<String>) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what.into())
}
