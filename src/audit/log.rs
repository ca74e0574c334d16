//! The file that all streams append to: `audit.jsonl` in the configured directory, with its
//! rotation, and what happens when it cannot be written.
//!
//! One lock is held around write(2), which the file system would serialise anyway: so a torn
//! write is known before anybody else writes, and a rotation happens between two writes. What
//! was not written whole is taken back; where that is not possible, the next write begins with a
//! newline, so that a torn tail spoils no other record.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, IoSlice, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::behind::{Behind, Progress};
use super::time;
use crate::base::Moment;
use crate::config::{Audit, AuditParameters, AuditSync};

/// The live file's name in the audit directory.
pub const FILE_NAME: &str = "audit.jsonl";

/// How often the live file is compared with what its path names, microseconds: a file that was
/// moved or deleted is written for at most this long.
const CHECK_EVERY: u64 = 1_000_000;

/// The log file all streams append to (O_APPEND), with its rotation. Shared by all threads.
#[derive(Debug)]
pub struct Log {
    directory: PathBuf,
    path: PathBuf,
    node: String,
    sync: AuditSync,
    parameters: AuditParameters,
    rotate_bytes: Option<u64>,
    state: Mutex<State>,
    behind: Behind,
}

/// The audit log cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("the audit log {} cannot be opened", path.display())]
pub struct OpenError {
    /// The directory or file.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

#[derive(Debug)]
struct State {
    /// `None` after an error: opened anew by the next write.
    file: Option<Live>,
    /// Number of the last rotated file.
    rotations: u64,
    /// Boot time of the last comparison of file and path.
    checked: Option<u64>,
}

/// The live file as opened.
#[derive(Debug)]
struct Live {
    file: Arc<File>,
    identity: (u64, u64),
    /// A regular file: it has an end that can be taken back, and can be rotated.
    regular: bool,
    length: u64,
    progress: Progress,
    /// It ends in the middle of a line.
    torn: bool,
}

impl Log {
    /// Opens the log, creating directory (mode 0700) and file (0600) where they are missing.
    ///
    /// # Errors
    /// Names the path that cannot be created or written.
    pub fn open(config: &Audit) -> Result<Self, OpenError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            |source| OpenError { path, source }
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&config.directory)
            .map_err(failed(&config.directory))?;
        let path = config.directory.join(FILE_NAME);
        let live = Live::open(&path, &config.directory, config.sync).map_err(failed(&path))?;
        let rotated =
            super::archive::rotated(&config.directory).map_err(failed(&config.directory))?;
        let rotations = rotated.last().map_or(0, |file| file.number);
        Ok(Self {
            directory: config.directory.clone(),
            path,
            node: node_name(),
            sync: config.sync,
            parameters: config.parameters,
            rotate_bytes: config.rotate_bytes,
            state: Mutex::new(State { file: Some(live), rotations, checked: None }),
            behind: Behind::start(),
        })
    }

    /// The audit directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Free bytes of its file system for us; `None` when that cannot be told.
    #[must_use]
    pub fn free_bytes(&self) -> Option<u64> {
        let space = rustix::fs::statvfs(&self.directory).ok()?;
        Some(space.f_bavail.saturating_mul(space.f_frsize))
    }

    /// What stands for `node` on record: this machine's host name.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.node
    }

    /// What becomes of bound parameters.
    pub(super) const fn parameters(&self) -> AuditParameters {
        self.parameters
    }

    /// Appends whole lines, all or none.
    ///
    /// With `sync = "fsync"` they are on disk on return. When only the sync failed the lines may
    /// be on record all the same: a retry then writes them twice, never not at all.
    pub(super) fn append(&self, lines: &[u8], now: Moment) -> io::Result<()> {
        let file = {
            let mut state = self.lock();
            self.check(&mut state, now);
            self.rotate(&mut state, lines.len(), now);
            let live = self.live(&mut state)?;
            let written = live.write(lines);
            self.behind.follow(&mut live.progress, &live.file, live.length);
            match written {
                Ok(()) if self.sync == AuditSync::Write => return Ok(()),
                Ok(()) => Arc::clone(&live.file),
                Err(error) => {
                    // A full disk heals under the same file; after anything else it is opened
                    // anew, unless a torn line must be remembered.
                    let full = matches!(
                        error.kind(),
                        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge
                    );
                    if !full && !live.torn {
                        state.file = None;
                    }
                    return Err(error);
                }
            }
        };
        // Outside the lock, so that the waits of several streams overlap.
        file.sync_data()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn live<'a>(&self, state: &'a mut State) -> io::Result<&'a mut Live> {
        let live = match state.file.take() {
            Some(live) => live,
            None => Live::open(&self.path, &self.directory, self.sync)?,
        };
        Ok(state.file.insert(live))
    }

    /// Once a second: lets go of a file that is no longer the one its path names. A directory
    /// that is gone is not made again: it may be a mount that will come back.
    fn check(&self, state: &mut State, now: Moment) {
        let due = state.checked.is_none_or(|last| now.boot.saturating_sub(last) >= CHECK_EVERY);
        if due {
            state.checked = Some(now.boot);
            self.check_now(state);
        }
    }

    /// Compares the live file with the one that its path names.
    #[inline(never)]
    fn check_now(&self, state: &mut State) {
        if let Some(live) = &mut state.file {
            match std::fs::metadata(&self.path) {
                Ok(found) if identity(&found) == live.identity => live.length = found.len(),
                _ => state.file = None,
            }
        }
    }

    /// Sets the live file aside when the lines would make it too long. If that fails the records
    /// go on into the same file: a long log is better than a missing one.
    fn rotate(&self, state: &mut State, more: usize, now: Moment) {
        let Some(limit) = self.rotate_bytes else { return };
        let Some(live) = state.file.as_mut().filter(|live| live.regular && live.length > 0) else {
            return;
        };
        if live.length.saturating_add(more as u64) > limit {
            self.rotate_now(state, now);
        }
    }

    /// Moves the live file aside.
    #[inline(never)]
    fn rotate_now(&self, state: &mut State, now: Moment) {
        let number = state.rotations.saturating_add(1);
        let name = super::archive::rotated_name(&time::compact(now.wall), number);
        let target = self.directory.join(name);
        let moved = match target.try_exists() {
            Ok(false) => std::fs::rename(&self.path, &target),
            Ok(true) => Err(ErrorKind::AlreadyExists.into()),
            Err(error) => Err(error),
        };
        state.rotations = number;
        match moved {
            Ok(()) => state.file = None,
            Err(error) => {
                // The next check knows its length again, and it is tried again.
                if let Some(live) = &mut state.file {
                    live.length = 0;
                }
                tracing::warn!(%error, target = %target.display(), "audit log cannot be rotated");
            }
        }
    }
}

impl Live {
    fn open(path: &Path, directory: &Path, sync: AuditSync) -> io::Result<Self> {
        let mut file =
            OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
        let metadata = file.metadata()?;
        let regular = metadata.is_file();
        let torn = regular && ends_torn(&mut file, metadata.len())?;
        if sync == AuditSync::Fsync {
            // The name must survive the machine as well as the lines.
            File::open(directory)?.sync_all()?;
        }
        let (identity, length) = (identity(&metadata), metadata.len());
        let progress = Progress::new(length);
        Ok(Self { file: Arc::new(file), identity, regular, length, progress, torn })
    }

    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        let lead: &[u8] = if self.torn { b"\n" } else { b"" };
        let wanted = lead.len() + lines.len();
        let mut file = &*self.file;
        let written = if lead.is_empty() {
            rustix::io::write(file, lines).map_err(io::Error::from)
        } else {
            file.write_vectored(&[IoSlice::new(lead), IoSlice::new(lines)])
        };
        let written = match written {
            Err(error) if error.kind() == ErrorKind::Interrupted => 0,
            result => result?,
        };
        self.length = self.length.saturating_add(written as u64);
        if written == wanted {
            self.torn = false;
            return Ok(());
        }
        // Interrupted or out of space: once more for the rest, which then says why.
        let done = written.saturating_sub(lead.len());
        let lead_left = lead.get(written..).unwrap_or_default();
        let rest = [lead_left, lines.get(done..).unwrap_or_default()].concat();
        let more = (&*self.file).write(&rest);
        let total = written.saturating_add(*more.as_ref().unwrap_or(&0));
        if total == wanted {
            self.torn = false;
            return Ok(());
        }
        self.take_back(total);
        Err(more.err().unwrap_or_else(|| ErrorKind::StorageFull.into()))
    }

    /// Removes the last `count` bytes, which are ours and no whole record, if nobody has appended
    /// since.
    fn take_back(&mut self, count: usize) {
        if count == 0 {
            return;
        }
        let taken = || -> io::Result<bool> {
            let end = (&*self.file).stream_position()?;
            if !self.regular || self.file.metadata()?.len() != end {
                return Ok(false);
            }
            self.file.set_len(end.saturating_sub(count as u64))?;
            Ok(true)
        };
        if taken().unwrap_or(false) {
            self.length = self.length.saturating_sub(count as u64);
        } else {
            self.torn = true;
        }
    }
}

fn ends_torn(file: &mut File, length: u64) -> io::Result<bool> {
    if length == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

fn node_name() -> String {
    ["/proc/sys/kernel/hostname", "/etc/hostname"]
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .map(|name| name.trim().to_owned())
        .find(|name| !name.is_empty())
        .unwrap_or_else(|| "localhost".to_owned())
}
