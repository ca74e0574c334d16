//! The files of the log in the order in which they were written: those that were set aside,
//! compressed or not, and the live one last; and their lines, without copying them.
//!
//! A file that was set aside may be compressed by whoever keeps it: `….jsonl.gz` (gzip, also in
//! several members) and `….jsonl.zst` (zstd, also in several frames) are read as they are.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;
use memchr::memchr;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::log::FILE_NAME;

/// Longest line that is read, bytes; pgward writes none that long.
pub(super) const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes read at once.
const BLOCK_BYTES: usize = 256 * 1024;

/// Bytes of a file between two reports of progress.
const REPORT_BYTES: u64 = 4 * 1024 * 1024;

/// A file that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rotated {
    /// Where it is.
    pub(super) path: PathBuf,
    /// Its place among the others.
    pub(super) number: u64,
    /// When it was set aside, as in its name: `20261120T110304Z`. Nothing in it is younger.
    pub(super) time: String,
    /// How it is packed.
    pub(super) packing: Packing,
}

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

/// What a walk over files comes upon.
pub(super) enum Step<'a> {
    /// A whole line that looks like a record.
    Line(&'a [u8]),
    /// So far it is.
    Progress(Progress<'a>),
}

/// How far a walk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The file that is being read.
    pub file: &'a Path,
    /// Bytes read so far.
    pub done: u64,
    /// Bytes of all files to be read.
    pub total: u64,
}

/// What a walk passed over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Missed {
    /// Lines that are no records.
    pub torn: u64,
    /// Files that could not be read to their end, and why.
    pub unreadable: Vec<String>,
}

/// The name of a file set aside: `audit-<UTC time>-<seq>.jsonl`.
#[must_use]
pub(super) fn rotated_name(time: &str, number: u64) -> String {
    format!("audit-{time}-{number:06}.jsonl")
}

/// The files of `directory` that were set aside, oldest first. Of one that is there compressed
/// and not, the one that is not.
///
/// # Errors
/// The directory cannot be listed.
pub(super) fn rotated(directory: &Path) -> io::Result<Vec<Rotated>> {
    let mut files = Vec::new();
    for entry in directory.read_dir()? {
        let entry = entry?;
        let found = entry.file_name().to_str().and_then(|name| named(name, entry.path()));
        files.extend(found);
    }
    files.sort_by(|a, b| (a.number, &a.time, a.packing).cmp(&(b.number, &b.time, b.packing)));
    files.dedup_by(|b, a| (a.number, &a.time) == (b.number, &b.time));
    Ok(files)
}

/// Files set aside with their numbers, then the live one.
pub(super) fn files(directory: &Path) -> io::Result<Vec<(PathBuf, Option<Rotated>)>> {
    let mut files: Vec<_> =
        rotated(directory)?.into_iter().map(|file| (file.path.clone(), Some(file))).collect();
    files.push((directory.join(FILE_NAME), None));
    Ok(files)
}

/// `None` when it is not there: it was set aside between listing and opening, or never made.
pub(super) fn open(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
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

/// Walks over all lines of `files`. A file that can't be read is noted, and the walk goes on
/// behind it.
///
/// # Errors
/// What `each` says.
pub(super) fn walk(
    files: &[PathBuf],
    missed: &mut Missed,
    mut each: impl FnMut(Step<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let sizes: Vec<u64> =
        files.iter().map(|path| std::fs::metadata(path).map_or(0, |found| found.len())).collect();
    let total = sizes.iter().sum();
    let mut before = 0;
    for (path, size) in files.iter().zip(sizes) {
        let mut reported = 0;
        let mut lines = Lines::open(path);
        loop {
            let line = match &mut lines {
                Ok(Some(lines)) => {
                    if lines.consumed() >= reported + REPORT_BYTES {
                        reported = lines.consumed();
                        let done = before + reported;
                        each(Step::Progress(Progress { file: path, done, total }))?;
                    }
                    lines.next()
                }
                Ok(None) => break,
                Err(error) => Err(std::mem::replace(error, ErrorKind::Other.into())),
            };
            match line {
                Ok(Some(line)) if line.is_record() => each(Step::Line(line.bytes))?,
                Ok(Some(line)) => missed.torn += u64::from(!(line.whole && line.bytes.is_empty())),
                Ok(None) => break,
                Err(error) => {
                    missed.unreadable.push(format!("{}: {error}", path.display()));
                    break;
                }
            }
        }
        before += size;
    }
    Ok(())
}

impl Lines {
    /// Of the file at `path`, unpacked as its name says; `None` when it is not there.
    pub(super) fn open(path: &Path) -> io::Result<Option<Self>> {
        let Some(file) = open(path)? else { return Ok(None) };
        let consumed = Rc::new(Cell::new(0));
        let file = Counted { file, consumed: Rc::clone(&consumed) };
        let reader: Box<dyn Read> = match packing(path) {
            Packing::Plain => Box::new(file),
            Packing::Gzip => {
                Box::new(MultiGzDecoder::new(BufReader::with_capacity(BLOCK_BYTES, file)))
            }
            Packing::Zstd => Box::new(Frames::new(file)),
        };
        Ok(Some(Self { reader, buffer: vec![0; BLOCK_BYTES], start: 0, end: 0, consumed }))
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

fn named(name: &str, path: PathBuf) -> Option<Rotated> {
    let packing = packing(Path::new(name));
    let plain = match packing {
        Packing::Plain => name,
        Packing::Gzip => name.strip_suffix(".gz")?,
        Packing::Zstd => name.strip_suffix(".zst")?,
    };
    let rest = plain.strip_prefix("audit-")?.strip_suffix(".jsonl")?;
    let (time, number) = rest.split_once('-')?;
    let is_time = time.len() == 16 && time.ends_with('Z');
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    let number = number.parse().ok().filter(|_| is_time && is_number)?;
    Some(Rotated { path, number, time: time.to_owned(), packing })
}
