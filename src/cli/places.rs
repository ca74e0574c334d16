//! The places that `serve` would write to and the secrets that it reads, looked at for `config
//! check`: nothing is made, and a server that runs on them is not disturbed.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use crate::audit::log::FILE_NAME;
use crate::config::Config;

/// How every SQLite file begins (sqlite.org, "Database File Format", 1.3).
const SQLITE: &[u8; 16] = b"SQLite format 3\0";

/// A place that `serve` could not use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unusable {
    /// The key that names it.
    pub(super) key: &'static str,
    /// What is wrong.
    pub(super) what: String,
    /// What to do.
    pub(super) remedy: &'static str,
}

/// Every place that `serve` could not use.
pub(super) fn unusable(config: &Config) -> Vec<Unusable> {
    let places = [
        (
            "audit.directory",
            directory(&config.audit.directory),
            "let audit.directory name a directory that pgward may write to",
        ),
        (
            "store.url",
            store(&config.store.path),
            "let store.url name a file of pgward's own, in a folder that it may write to",
        ),
        (
            "admin.socket",
            socket(&config.admin.socket),
            "let admin.socket name a free path in a folder that pgward may write to",
        ),
    ];
    let faults = places.into_iter().filter_map(|(key, result, remedy)| {
        result.err().map(|what| Unusable { key, what, remedy })
    });
    faults.collect()
}

/// Files with secrets that everybody on this machine can read.
pub(super) fn readable_by_all(config: &Config) -> Vec<String> {
    let mut secrets: Vec<(String, &Path)> = Vec::new();
    if let Some(tls) = &config.listen.tls {
        secrets.push(("listen.tls.key".to_owned(), &tls.key));
    }
    for database in config.databases.values() {
        let roles = [
            ("reader", Some(&database.reader)),
            ("writer", database.writer.as_ref()),
            ("control", Some(&database.control)),
        ];
        for (purpose, role) in roles {
            let path = role.and_then(|role| role.password_file.as_deref());
            // The control role is the reader where it is not configured.
            if let Some(path) = path.filter(|path| secrets.iter().all(|(_, known)| known != path)) {
                let key = format!("databases.{}.{purpose}.password_file", database.name);
                secrets.push((key, path));
            }
        }
    }
    let open = secrets.into_iter().filter(|(_, path)| {
        fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o004 != 0)
    });
    open.map(|(key, path)| {
        let path = path.display();
        format!("{key}: everybody on this machine can read {path}; chmod 600 {path}")
    })
    .collect()
}

/// Passwords that stand in the configuration itself, where others than its owner can read it.
pub(super) fn passwords_in(path: &Path) -> Vec<String> {
    let Ok(found) = fs::metadata(path) else { return Vec::new() };
    let readers = match found.permissions().mode() & 0o044 {
        0 => return Vec::new(),
        0o040 => "its group",
        _ => "everybody on this machine",
    };
    let text = fs::read_to_string(path).unwrap_or_default();
    let Ok(root) = text.parse::<toml::Table>() else { return Vec::new() };
    let databases = root.get("databases").and_then(toml::Value::as_table);
    let keys = databases.into_iter().flatten().flat_map(|(name, database)| {
        let with_password =
            |role: &&str| database.get(*role).and_then(|role| role.get("password")).is_some();
        let roles = ["reader", "writer", "control"].into_iter().filter(with_password);
        roles.map(move |role| format!("databases.{name}.{role}.password"))
    });
    let keys: Vec<String> = keys.collect();
    if keys.is_empty() {
        return Vec::new();
    }
    let path = path.display();
    vec![format!(
        "{}: {readers} can read {path}; chmod 600 {path}, or use password_file or password_env",
        keys.join(", ")
    )]
}

/// `serve` makes the directory with all that is missing above it.
fn directory(path: &Path) -> Result<(), String> {
    let mut there = path;
    loop {
        match fs::metadata(there) {
            Ok(_) => break,
            Err(error) if error.kind() == ErrorKind::NotFound => match there.parent() {
                Some(above) => there = above,
                None => return Err(unreadable(there, &error)),
            },
            Err(error) => return Err(unreadable(there, &error)),
        }
    }
    folder(there)?;
    if there == path { file(&path.join(FILE_NAME)).map(|_| ()) } else { Ok(()) }
}

fn store(path: &Path) -> Result<(), String> {
    folder(&folder_of(path))?;
    if !file(path)? {
        return Ok(());
    }
    let mut start = Vec::new();
    let length = u64::try_from(SQLITE.len()).unwrap_or(u64::MAX);
    File::open(path)
        .and_then(|file| file.take(length).read_to_end(&mut start))
        .map_err(|error| unreadable(path, &error))?;
    if start.is_empty() || start == SQLITE {
        Ok(())
    } else {
        Err(format!("{} is there and is not a SQLite file", path.display()))
    }
}

fn socket(path: &Path) -> Result<(), String> {
    folder(&folder_of(path))?;
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            Err(format!("{} is there and is not a socket", path.display()))
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(unreadable(path, &error)),
    }
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// A directory that files can be made in.
fn folder(path: &Path) -> Result<(), String> {
    let found = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if !found.is_dir() {
        return Err(format!("{} is not a directory", path.display()));
    }
    access(path, Access::WRITE_OK | Access::EXEC_OK)
        .map_err(|error| format!("{} cannot be written to: {error}", path.display()))
}

/// Whether there is a file; one that cannot be read and written is an error.
fn file(path: &Path) -> Result<bool, String> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(format!("{} is a directory", path.display())),
        Ok(_) => access(path, Access::READ_OK | Access::WRITE_OK)
            .map(|()| true)
            .map_err(|error| format!("{} cannot be read and written: {error}", path.display())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(unreadable(path, &error)),
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_looked_at_and_left_alone() {
        let here = tempfile::tempdir().unwrap();
        let at = |name: &str| here.path().join(name);
        fs::write(at("file"), "some text, more than sixteen bytes").unwrap();
        fs::write(at("empty"), "").unwrap();
        fs::write(at("db"), b"SQLite format 3\0 and more").unwrap();
        fs::create_dir_all(at("audit/audit.jsonl")).unwrap();
        let _listener = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        type Look = fn(&Path) -> Result<(), String>;
        let cases: [(Look, &str, Option<&str>); 15] = [
            (directory, "", None),
            (directory, "new/and/newer", None),
            (directory, "file", Some("is not a directory")),
            (directory, "file/audit", Some("Not a directory")),
            (directory, "audit", Some("audit.jsonl is a directory")),
            (store, "new.db", None),
            (store, "empty", None),
            (store, "db", None),
            (store, "file", Some("is not a SQLite file")),
            (store, "none/new.db", Some("No such file")),
            (store, "audit", Some("is a directory")),
            (socket, "new", None),
            (socket, "socket", None),
            (socket, "file", Some("is not a socket")),
            (socket, "none/new", Some("No such file")),
        ];
        for (look, name, words) in cases {
            let found = look(&at(name));
            assert_eq!(found.is_err(), words.is_some(), "{name}: {found:?}");
            let said = found.err().unwrap_or_default();
            assert!(said.contains(words.unwrap_or_default()), "{name}: {said}");
        }
        assert!(!at("new").exists() && !at("new.db").exists());
    }
}
