//! The admin socket's place in the file system: for its owner alone, taken over only from a
//! server that is gone, removed at the end.

use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tokio::net::UnixListener;

/// Why the socket can't be served.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Another server is there.
    #[error("another pgward server answers at {}", .0.display())]
    InUse(PathBuf),
    /// Something else has that name.
    #[error("{} is there and is not a socket", .0.display())]
    NotASocket(PathBuf),
    /// It can't be made.
    #[error("the admin socket {} cannot be made: {cause}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
}

impl SocketError {
    /// What to do about it.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::InUse(_) => "stop the other server, or give this one its own admin.socket",
            Self::NotASocket(_) => "let admin.socket name another path",
            Self::Io { .. } => "check that the folder of admin.socket exists and can be written",
        }
    }
}

/// Removes the socket when it is dropped, if it is still ours.
#[derive(Debug)]
pub struct Place {
    path: PathBuf,
    identity: Mutex<Identity>,
}

/// Inode and time of the last change: inode numbers are used again.
type Identity = (u64, i64, i64);

impl Place {
    /// Lets everybody connect, or the owner only. Who may do what is decided behind it.
    pub fn open_to(&self, everybody: bool) {
        if let Err(error) = fs::set_permissions(&self.path, mode(everybody)) {
            tracing::error!(%error, "the mode of the admin socket stays as it was");
            return;
        }
        if let Ok(found) = fs::symlink_metadata(&self.path) {
            *self.identity.lock().unwrap_or_else(PoisonError::into_inner) = identity(&found);
        }
    }
}

fn mode(everybody: bool) -> Permissions {
    Permissions::from_mode(if everybody { 0o666 } else { 0o600 })
}

/// Listens at `path`, mode 0600, or 0666 for everybody. Needs a tokio runtime.
///
/// # Errors
/// When another server answers there, or the socket can't be made.
pub fn bind(path: &Path, everybody: bool) -> Result<(UnixListener, Place), SocketError> {
    let io = |cause| SocketError::Io { path: path.to_owned(), cause };
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            return Err(SocketError::NotASocket(path.to_owned()));
        }
        Ok(_) => match UnixStream::connect(path) {
            Ok(_) => return Err(SocketError::InUse(path.to_owned())),
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                fs::remove_file(path).map_err(io)?;
            }
            Err(error) => return Err(io(error)),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(io(error)),
    }
    let listener = UnixListener::bind(path).map_err(io)?;
    fs::set_permissions(path, mode(everybody)).map_err(io)?;
    let identity = identity(&fs::symlink_metadata(path).map_err(io)?);
    Ok((listener, Place { path: path.to_owned(), identity: Mutex::new(identity) }))
}

fn identity(found: &fs::Metadata) -> Identity {
    (found.ino(), found.ctime(), found.ctime_nsec())
}

impl Drop for Place {
    fn drop(&mut self) {
        let found = fs::symlink_metadata(&self.path);
        let known = *self.identity.lock().unwrap_or_else(PoisonError::into_inner);
        let ours = found.is_ok_and(|found| identity(&found) == known);
        if ours {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_is_private_exclusive_and_goes_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pgward.sock");
        let (listener, place) = bind(&path, false).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(matches!(bind(&path, false), Err(SocketError::InUse(_))));
        // Its server was killed: the name is taken over.
        drop(listener);
        let (_second, second_place) = bind(&path, false).unwrap();
        // What the first one leaves behind is no longer its own.
        drop(place);
        assert!(path.exists());
        drop(second_place);
        assert!(!path.exists());
        fs::write(&path, "a file").unwrap();
        assert!(matches!(bind(&path, false), Err(SocketError::NotASocket(_))));
        assert!(path.exists());
    }
}
