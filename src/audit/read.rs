//! Reading the record back: the rotated files in their order and the live one last, as a stream
//! of whole lines, and following what is appended.
//!
//! A line that is no JSON object (torn by a crash or a full disk) is counted and passed over:
//! the log must be readable most of all when something went wrong.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::archive::{LINE_BYTES_MAX, Lines, Packing, files, open, packing, rotated};
use super::log::FILE_NAME;

/// Bytes read at once when looking for the last lines.
const BLOCK_BYTES: u64 = 64 * 1024;

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
    for (path, _) in files(directory)? {
        let Some(mut lines) = Lines::open(&path)? else { continue };
        while let Some(line) = lines.next()? {
            hand_out(line.bytes, line.whole, &mut passed, &mut each)?;
        }
    }
    Ok(passed)
}

/// The last `count` records and what follows them. `count` may reach into rotated files.
///
/// # Errors
/// As [`all`].
pub fn tail(
    directory: &Path,
    count: usize,
    mut each: impl FnMut(&Line<'_>) -> io::Result<()>,
) -> io::Result<(Passed, Follower)> {
    let files = files(directory)?;
    let mut starts = Vec::new();
    let mut wanted = count;
    for (path, _) in files.iter().rev() {
        let (start, found) = if packing(path) == Packing::Plain {
            let Some(mut file) = open(path)? else { continue };
            let (offset, found) = last_lines(&mut file, wanted)?;
            (Start::Offset(path, offset), found)
        } else {
            let lines = last_unpacked(path, wanted)?;
            let found = lines.len();
            (Start::Lines(lines), found)
        };
        starts.push(start);
        wanted = wanted.saturating_sub(found);
        if wanted == 0 {
            break;
        }
    }
    let mut passed = Passed::default();
    let mut follower = Follower {
        directory: directory.to_owned(),
        file: None,
        passed: files.iter().flat_map(|(_, file)| file).map(|file| file.number).max().unwrap_or(0),
    };
    for start in starts.into_iter().rev() {
        let (path, offset) = match start {
            Start::Offset(path, offset) => (path, offset),
            Start::Lines(lines) => {
                for line in lines {
                    hand_out(&line, true, &mut passed, &mut each)?;
                }
                continue;
            }
        };
        let Some(mut following) = Following::open(path)? else { continue };
        following.position = offset;
        following.read(&mut passed, &mut each)?;
        following.close(&mut passed);
        follower.file = Some(following);
    }
    if let Some(following) = &mut follower.file {
        // Whatever was half written when we came is read when it is whole.
        following.position -= following.partial.len() as u64;
        following.partial.clear();
    }
    Ok((passed, follower))
}

/// Where the last lines of a file begin.
enum Start<'p> {
    /// At this byte of it.
    Offset(&'p Path, u64),
    /// It is compressed: these are they.
    Lines(VecDeque<Vec<u8>>),
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
            let same = std::fs::metadata(&live)
                .is_ok_and(|found| (found.dev(), found.ino()) == current.identity);
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
            if Some(following.identity) != seen {
                following.read(passed, each)?;
                following.close(passed);
            }
        }
        Ok(())
    }
}

impl Following {
    fn open(path: &Path) -> io::Result<Option<Self>> {
        let Some(file) = open(path)? else { return Ok(None) };
        let metadata = file.metadata()?;
        let identity = (metadata.dev(), metadata.ino());
        Ok(Some(Self { file, identity, position: 0, partial: Vec::new() }))
    }

    /// Hands out the whole lines from `position` to the end.
    fn read(
        &mut self,
        passed: &mut Passed,
        each: &mut dyn FnMut(&Line<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        if self.file.metadata()?.len() < self.position {
            // A write that failed was taken back.
            self.position = self.file.metadata()?.len();
            self.partial.clear();
        }
        self.file.seek(SeekFrom::Start(self.position))?;
        let mut reader = BufReader::with_capacity(64 * 1024, &self.file);
        loop {
            let room = (LINE_BYTES_MAX as u64).saturating_sub(self.partial.len() as u64);
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

/// The last `wanted` lines of a compressed file.
fn last_unpacked(path: &Path, wanted: usize) -> io::Result<VecDeque<Vec<u8>>> {
    let mut last = VecDeque::new();
    let Some(mut lines) = Lines::open(path)? else { return Ok(last) };
    while let Some(line) = lines.next()? {
        if last.len() == wanted {
            last.pop_front();
        }
        last.push_back(line.bytes.to_vec());
    }
    Ok(last)
}

/// Where the last `wanted` lines begin, and how many there are (fewer in a short file).
fn last_lines(file: &mut File, wanted: usize) -> io::Result<(u64, usize)> {
    let end = file.metadata()?.len();
    if wanted == 0 {
        return Ok((end, 0));
    }
    let mut found = 0;
    let mut from = end;
    let mut block = Vec::new();
    while from > 0 {
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
    Ok((0, found + usize::from(end > 0)))
}
