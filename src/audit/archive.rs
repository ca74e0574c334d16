//! The files of the log in the order in which they were written: those that were set aside,
//! compressed or not, and the live one last. What is set aside, compressed or taken away while
//! they are read is found all the same, or told of.

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::lines::{Lines, Packing, packing};
use super::log::FILE_NAME;

/// Bytes of a file between two reports of progress.
const REPORT_BYTES: u64 = 4 * 1024 * 1024;

/// Bytes of its lines: of a compressed file they are many more.
const REPORT_TEXT_BYTES: usize = 16 * 1024 * 1024;

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

/// A file of the log, as it was found.
#[derive(Debug)]
pub(super) struct Listed {
    /// Where it was.
    pub(super) path: PathBuf,
    /// `None`: it is the live one.
    pub(super) rotated: Option<Rotated>,
    /// The live one is opened at once: it may be set aside before it is read.
    pub(super) live: Option<File>,
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

/// Files set aside in their order, then the live one: all there are at one moment, whatever is
/// set aside from then on.
///
/// # Errors
/// As [`rotated`].
pub(super) fn files(directory: &Path) -> io::Result<Vec<Listed>> {
    let path = directory.join(FILE_NAME);
    // Where it can't be opened, that is told when it is read.
    let live = open(&path).ok().flatten();
    let known = live.as_ref().and_then(|file| file.metadata().ok()).map(|found| identity(&found));
    let mut files = Vec::new();
    for file in rotated(directory)? {
        // Set aside since it was opened: it is there already.
        let same = || std::fs::metadata(&file.path).ok().map(|found| identity(&found)) == known;
        if known.is_none() || !same() {
            files.push(Listed { path: file.path.clone(), rotated: Some(file), live: None });
        }
    }
    files.push(Listed { path, rotated: None, live });
    Ok(files)
}

/// Which file it is, whatever it is called.
pub(super) fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// `None` when it is not there: it was set aside between listing and opening, or never made.
pub(super) fn open(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Walks over all lines of `files`. A file that can't be read is noted, and the walk goes on
/// behind it.
///
/// # Errors
/// What `each` says.
pub(super) fn walk(
    files: &[Listed],
    missed: &mut Missed,
    mut each: impl FnMut(Step<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let sizes: Vec<u64> = files.iter().map(Listed::size).collect();
    let total = sizes.iter().sum();
    let mut before = 0;
    for (file, size) in files.iter().zip(sizes) {
        let path = &file.path;
        let (mut reported, mut text) = (0, 0);
        let mut lines = file.lines();
        loop {
            let line = match &mut lines {
                Ok(Some(lines)) => {
                    let due = lines.consumed() >= reported + REPORT_BYTES;
                    if due || text >= REPORT_TEXT_BYTES {
                        (reported, text) = (lines.consumed(), 0);
                        let done = before + reported;
                        each(Step::Progress(Progress { file: path, done, total }))?;
                    }
                    lines.next()
                }
                Ok(None) => break,
                Err(error) => Err(std::mem::replace(error, ErrorKind::Other.into())),
            };
            text += line.as_ref().map_or(0, |line| line.map_or(0, |line| line.bytes.len()));
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

impl Listed {
    /// Bytes of it now.
    fn size(&self) -> u64 {
        let found = match &self.live {
            Some(file) => file.metadata(),
            None => std::fs::metadata(&self.path),
        };
        found.map_or(0, |found| found.len())
    }

    /// Its lines from the first on; `None` for a live one that was never made.
    ///
    /// # Errors
    /// It can't be read, or was taken away.
    pub(super) fn lines(&self) -> io::Result<Option<Lines>> {
        if let Some(file) = &self.live {
            let mut file = file.try_clone()?;
            file.seek(SeekFrom::Start(0))?;
            return Ok(Some(Lines::of(file, Packing::Plain)));
        }
        Ok(self.file()?.map(|(file, packing)| Lines::of(file, packing)))
    }

    /// It, opened: it may have been packed or unpacked since it was found.
    ///
    /// # Errors
    /// As [`Listed::lines`].
    pub(super) fn file(&self) -> io::Result<Option<(File, Packing)>> {
        if let Some(file) = &self.live {
            return Ok(Some((file.try_clone()?, Packing::Plain)));
        }
        if let Some(file) = open(&self.path)? {
            return Ok(Some((file, packing(&self.path))));
        }
        if self.rotated.is_none() {
            return Ok(None);
        }
        let plain = match packing(&self.path) {
            Packing::Plain => self.path.clone(),
            Packing::Gzip | Packing::Zstd => self.path.with_extension(""),
        };
        let with = |ending| PathBuf::from(format!("{}{ending}", plain.display()));
        for path in [plain.clone(), with(".gz"), with(".zst")] {
            if let Some(file) = open(&path)? {
                return Ok(Some((file, packing(&path))));
            }
        }
        Err(io::Error::new(ErrorKind::NotFound, "it was taken away meanwhile"))
    }
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
