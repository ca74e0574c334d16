//! Reading the record back: the rotated files in their order and the live one last, as a stream
//! of whole lines, and following what is appended.
//!
//! A line that is no JSON object (torn by a crash or a full disk) is counted and passed over:
//! the log must be readable most of all when something went wrong.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::log::FILE_NAME;
use crate::base::GrantId;

/// Longest line that is read, bytes; pgward writes none that long.
const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes read at once when looking for the last lines.
const BLOCK_BYTES: u64 = 64 * 1024;

/// A file that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// Where it is.
    pub path: PathBuf,
    /// Its place among the others.
    pub number: u64,
}

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

/// The name of a rotated file: `audit-<UTC time>-<seq>.jsonl`.
#[must_use]
pub(super) fn rotated_name(time: &str, number: u64) -> String {
    format!("audit-{time}-{number:06}.jsonl")
}

/// The rotated files of `directory`, oldest first.
///
/// # Errors
/// The directory cannot be listed.
pub fn rotated(directory: &Path) -> io::Result<Vec<Rotated>> {
    let mut files = Vec::new();
    for entry in directory.read_dir()? {
        let entry = entry?;
        if let Some(number) = entry.file_name().to_str().and_then(rotated_number) {
            files.push(Rotated { path: entry.path(), number });
        }
    }
    files.sort_by(|a, b| (a.number, &a.path).cmp(&(b.number, &b.path)));
    Ok(files)
}

/// Hands out every record, oldest file first, until `each` says stop.
///
/// # Errors
/// The directory or a file cannot be read, or `each` failed.
pub fn all(
    directory: &Path,
    mut each: impl FnMut(&Line<'_>) -> io::Result<()>,
) -> io::Result<Passed> {
    every_line(directory, |_| true, &mut each)
}

/// Hands out every record that names `grant`.
///
/// # Errors
/// As [`all`].
pub fn of_grant(
    directory: &Path,
    grant: GrantId,
    mut each: impl FnMut(&Line<'_>) -> io::Result<()>,
) -> io::Result<Passed> {
    // A quote inside a string is escaped, so no text that a client sent can hold this.
    let needle = format!("\"grant_id\":\"{grant}\"");
    every_line(directory, |line| line.contains(&needle), &mut each)
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
        let Some(mut file) = open(path)? else { continue };
        let (offset, found) = last_lines(&mut file, wanted)?;
        starts.push((path, offset));
        wanted = wanted.saturating_sub(found);
        if wanted == 0 {
            break;
        }
    }
    let mut passed = Passed::default();
    let mut follower = Follower {
        directory: directory.to_owned(),
        file: None,
        passed: files.iter().filter_map(|(_, number)| *number).max().unwrap_or(0),
    };
    for (path, offset) in starts.into_iter().rev() {
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
        let seen = self.file.take().map(|file| file.identity);
        for file in rotated(&self.directory)? {
            if file.number <= self.passed {
                continue;
            }
            self.passed = file.number;
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
                hand_out(&self.partial, passed, &|_| true, each)?;
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

fn every_line(
    directory: &Path,
    wanted: impl Fn(&str) -> bool,
    each: &mut dyn FnMut(&Line<'_>) -> io::Result<()>,
) -> io::Result<Passed> {
    let mut passed = Passed::default();
    for (path, _) in files(directory)? {
        let Some(file) = open(&path)? else { continue };
        let mut reader = BufReader::with_capacity(256 * 1024, file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = reader.by_ref().take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut line)?;
            if read == 0 {
                break;
            }
            hand_out(&line, &mut passed, &wanted, each)?;
        }
    }
    Ok(passed)
}

/// Takes one line apart and hands it out if it is wanted.
fn hand_out(
    line: &[u8],
    passed: &mut Passed,
    wanted: &dyn Fn(&str) -> bool,
    each: &mut dyn FnMut(&Line<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let text = line.strip_suffix(b"\n").map_or(Err(()), |line| str::from_utf8(line).map_err(drop));
    let Ok(text) = text else {
        passed.torn += 1;
        return Ok(());
    };
    if text.is_empty() {
        return Ok(());
    }
    // Cheap marks of a whole record, so that only what is wanted is parsed.
    if !(text.starts_with('{') && text.ends_with('}')) {
        passed.torn += 1;
        return Ok(());
    }
    if !wanted(text) {
        return Ok(());
    }
    match serde_json::from_str(text) {
        Ok(record @ Value::Object(_)) => {
            passed.records += 1;
            each(&Line { text, record })
        }
        _ => {
            passed.torn += 1;
            Ok(())
        }
    }
}

/// Rotated files with their numbers, then the live one.
fn files(directory: &Path) -> io::Result<Vec<(PathBuf, Option<u64>)>> {
    let mut files: Vec<_> =
        rotated(directory)?.into_iter().map(|file| (file.path, Some(file.number))).collect();
    files.push((directory.join(FILE_NAME), None));
    Ok(files)
}

/// `None` when it is not there: it was set aside between listing and opening, or never made.
fn open(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
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

fn rotated_number(name: &str) -> Option<u64> {
    let rest = name.strip_prefix("audit-")?.strip_suffix(".jsonl")?;
    let (time, number) = rest.split_once('-')?;
    let is_time = time.len() == 16 && time.ends_with('Z');
    number.parse().ok().filter(|_| is_time && number.bytes().all(|byte| byte.is_ascii_digit()))
}
