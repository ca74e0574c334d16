//! Reading the record back: the rotated files in their order and the live one last, as a stream
//! of whole lines, and following what is appended.
//!
//! A line that is no JSON object (torn by a crash or a full disk) is counted and passed over:
//! the log must be readable most of all when something went wrong.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::archive::{Listed, files, identity, open, rotated};
use super::lines::{LINE_BYTES_MAX, Lines, Packing};
use super::log::FILE_NAME;

/// Bytes read at once when looking for the last lines.
const BLOCK_BYTES: u64 = 64 * 1024;

/// Lines that are passed over between two questions whether to go on.
const LINES_BETWEEN: u64 = 64 * 1024;

/// One record as it stands on file.
#[derive(Debug)]
pub struct Line<'a> {
    /// The exact line, without its newline.
    pub text: &'a str,
    /// The same as JSON.
    pub record: Value,
}

/// What a reading passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Passed {
    /// Records handed out.
    pub records: u64,
    /// Lines that are no records.
    pub torn: u64,
}

/// The record as it is at one moment.
#[derive(Debug)]
pub struct Standing {
    directory: PathBuf,
    files: Vec<Listed>,
    /// Bytes of the live one.
    end: u64,
}

/// Follows the log as it grows, across rotations.
#[derive(Debug)]
pub struct Follower {
    directory: PathBuf,
    file: Option<Following>,
    /// Number of the last rotated file that was read to its end.
    passed: u64,
}

#[derive(Debug)]
struct Following {
    file: File,
    identity: (u64, u64),
    position: u64,
    /// A line whose end has not been written yet.
    partial: Vec<u8>,
}

/// Hands out every record, oldest file first, until `each` says stop.
///
/// # Errors
/// The directory or a file cannot be read, or `each` failed.
pub fn all(
    directory: &Path,
    mut each: impl FnMut(&Line<'_>) -> io::Result<()>,
) -> io::Result<Passed> {
    let mut passed = Passed::default();
    for file in files(directory)? {
        let Some(mut lines) = file.lines()? else { continue };
        while let Some(line) = lines.next()? {
            hand_out(line.bytes, line.whole, &mut passed, &mut each)?;
        }
    }
    Ok(passed)
}

/// The record as it is at one moment: what comes later, such as what is on record of this reading
/// itself, is not of its last records.
///
/// # Errors
/// The directory cannot be read.
pub fn stand(directory: &Path) -> io::Result<Standing> {
    let files = files(directory)?;
    let live = files.last().and_then(|file| file.live.as_ref());
    let end = live.map_or(Ok(0), |file| file.metadata().map(|found| found.len()))?;
    Ok(Standing { directory: directory.to_owned(), files, end })
}

impl Standing {
    /// The last `count` records and what follows them. `count` may reach into rotated files.
    /// `going` is asked now and then whether to go on while nothing is found.
    ///
    /// # Errors
    /// A file cannot be read, or `each` or `going` failed.
    pub fn tail(
        self,
        count: u64,
        going: &dyn Fn() -> io::Result<()>,
        mut each: impl FnMut(&Line<'_>) -> io::Result<()>,
    ) -> io::Result<(Passed, Follower)> {
        let mut starts = Vec::new();
        let mut wanted = count;
        for listed in self.files.iter().rev() {
            if wanted == 0 && !starts.is_empty() {
                break;
            }
            let Some((mut file, packing)) = listed.file()? else { continue };
            let live = listed.live.is_some();
            let end = if live { self.end } else { file.metadata()?.len() };
            let (start, found) = if packing == Packing::Plain {
                let (offset, found) = last_lines(&mut file, end, wanted, going)?;
                (Start::Offset { file, offset, end, live }, found)
            } else {
                let all = count_lines(Lines::of(file.try_clone()?, packing), going)?;
                (Start::Skip { listed, skip: all.saturating_sub(wanted) }, all.min(wanted))
            };
            starts.push(start);
            wanted = wanted.saturating_sub(found);
        }
        let mut passed = Passed::default();
        let numbers = self.files.iter().flat_map(|file| &file.rotated).map(|file| file.number);
        let mut follower =
            Follower { directory: self.directory, file: None, passed: numbers.max().unwrap_or(0) };
        for start in starts.into_iter().rev() {
            match start {
                Start::Skip { listed, skip } => {
                    let Some(mut lines) = listed.lines()? else { continue };
                    let mut number = 0;
                    while let Some(line) = lines.next()? {
                        number += 1;
                        if number > skip {
                            hand_out(line.bytes, line.whole, &mut passed, &mut each)?;
                        } else if number % LINES_BETWEEN == 0 {
                            going()?;
                        }
                    }
                }
                Start::Offset { file, offset, end, live } => {
                    let mut following = Following::new(file, offset)?;
                    following.read_to(end, &mut passed, &mut each)?;
                    if live {
                        follower.file = Some(following);
                    } else {
                        following.close(&mut passed);
                    }
                }
            }
        }
        Ok((passed, follower))
    }
}

/// Where the last lines of a file begin.
enum Start<'p> {
    /// At this byte of it; they end at `end`.
    Offset { file: File, offset: u64, end: u64, live: bool },
    /// It is compressed: behind so many others.
    Skip { listed: &'p Listed, skip: u64 },
}

impl Follower {
    /// Hands out what was appended since, also in files that were set aside meanwhile.
    ///
    /// # Errors
    /// As [`all`].
    pub fn read(
        &mut self,
        mut each: impl FnMut(&Line<'_>) -> io::Result<()>,
    ) -> io::Result<Passed> {
        let mut passed = Passed::default();
        let live = self.directory.join(FILE_NAME);
        if let Some(current) = &mut self.file {
            current.read(&mut passed, &mut each)?;
            let same =
                std::fs::metadata(&live).is_ok_and(|found| identity(&found) == current.identity);
            if same {
                return Ok(passed);
            }
            // It was set aside: once more, since it may have grown before that.
            current.read(&mut passed, &mut each)?;
        }
        self.missed(&mut passed, &mut each)?;
        let Some(mut next) = Following::open(&live)? else { return Ok(passed) };
        next.read(&mut passed, &mut each)?;
        self.file = Some(next);
        Ok(passed)
    }

    /// Files that came and were set aside since the last look.
    fn missed(
        &mut self,
        passed: &mut Passed,
        each: &mut dyn FnMut(&Line<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut seen = self.file.take().map(|file| file.identity);
        for file in rotated(&self.directory)? {
            if file.number <= self.passed {
                continue;
            }
            self.passed = file.number;
            if file.packing != Packing::Plain {
                // The first that was set aside since is the one that we were reading.
                if seen.take().is_none() {
                    let Some(mut lines) = Lines::open(&file.path)? else { continue };
                    while let Some(line) = lines.next()? {
                        hand_out(line.bytes, line.whole, passed, each)?;
                    }
                }
                continue;
            }
            let Some(mut following) = Following::open(&file.path)? else { continue };
            if Some(following.identity) == seen {
                seen = None;
                continue;
            }
            following.read(passed, each)?;
            following.close(passed);
        }
        Ok(())
    }
}

impl Following {
    fn open(path: &Path) -> io::Result<Option<Self>> {
        open(path)?.map(|file| Self::new(file, 0)).transpose()
    }

    fn new(file: File, position: u64) -> io::Result<Self> {
        let identity = identity(&file.metadata()?);
        Ok(Self { file, identity, position, partial: Vec::new() })
    }

    /// Hands out the whole lines from `position` to the end.
    fn read(
        &mut self,
        passed: &mut Passed,
        each: &mut dyn FnMut(&Line<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        if length < self.position {
            // A write that failed was taken back.
            self.position = length;
            self.partial.clear();
        }
        self.read_to(u64::MAX, passed, each)
    }

    /// The same to that byte at most; what is half a line there is read on when it is whole.
    fn read_to(
        &mut self,
        end: u64,
        passed: &mut Passed,
        each: &mut dyn FnMut(&Line<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.position))?;
        let mut reader = BufReader::with_capacity(64 * 1024, &self.file);
        loop {
            let room = (LINE_BYTES_MAX as u64).saturating_sub(self.partial.len() as u64);
            let room = room.min(end.saturating_sub(self.position));
            let read = reader.by_ref().take(room).read_until(b'\n', &mut self.partial)?;
            self.position += read as u64;
            let whole = self.partial.last() == Some(&b'\n');
            if whole {
                let line = self.partial.strip_suffix(b"\n").unwrap_or(&self.partial);
                hand_out(line, true, passed, each)?;
                self.partial.clear();
            } else if self.partial.len() >= LINE_BYTES_MAX {
                passed.torn += 1;
                self.partial.clear();
            } else if read == 0 {
                return Ok(());
            }
        }
    }

    /// A last line without an end, in a file that will not grow, is torn.
    fn close(&self, passed: &mut Passed) {
        passed.torn += u64::from(!self.partial.is_empty());
    }
}

/// Takes one line apart and hands it out.
fn hand_out(
    line: &[u8],
    whole: bool,
    passed: &mut Passed,
    each: &mut dyn FnMut(&Line<'_>) -> io::Result<()>,
) -> io::Result<()> {
    if whole && line.is_empty() {
        return Ok(());
    }
    let text = str::from_utf8(line).ok().filter(|_| whole);
    match text.map(|text| (text, serde_json::from_str(text))) {
        Some((text, Ok(record @ Value::Object(_)))) => {
            passed.records += 1;
            each(&Line { text, record })
        }
        _ => {
            passed.torn += 1;
            Ok(())
        }
    }
}

/// How many lines a compressed file has.
fn count_lines(mut lines: Lines, going: &dyn Fn() -> io::Result<()>) -> io::Result<u64> {
    let mut count = 0;
    while lines.next()?.is_some() {
        count += 1;
        if count % LINES_BETWEEN == 0 {
            going()?;
        }
    }
    Ok(count)
}

/// Where the last `wanted` lines before `end` begin, and how many there are (fewer in a short
/// file).
fn last_lines(
    file: &mut File,
    end: u64,
    wanted: u64,
    going: &dyn Fn() -> io::Result<()>,
) -> io::Result<(u64, u64)> {
    if wanted == 0 {
        return Ok((end, 0));
    }
    let mut found = 0;
    let mut from = end;
    let mut block = Vec::new();
    while from > 0 {
        going()?;
        let start = from.saturating_sub(BLOCK_BYTES);
        block.clear();
        file.seek(SeekFrom::Start(start))?;
        file.by_ref().take(from - start).read_to_end(&mut block)?;
        for (index, _) in block.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n') {
            let after = start + index as u64 + 1;
            // The newline at the very end closes the last line; it begins none.
            if after == end {
                continue;
            }
            found += 1;
            if found == wanted {
                return Ok((after, found));
            }
        }
        from = start;
    }
    Ok((0, found + u64::from(end > 0)))
}
