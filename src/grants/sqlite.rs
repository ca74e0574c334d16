//! Grants in one SQLite file beside the server: WAL, `synchronous=FULL`, one thread that owns the
//! connection. What a call has returned survives the process and the machine.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, params};

use super::ledger::random;
use super::operators::TokenOperator;
use super::{
    Change, EndOutcome, Ended, Grant, Life, State, Store, StoreError, Usage, Verifier, scopes,
    sqlite_people as people,
};
use crate::auth::scram::StoredKeys;
use crate::base::GrantId;

/// Marks the file as ours: `PGWD`.
const APPLICATION_ID: i64 = 0x5047_5744;

/// One entry for each schema version; the file's `user_version` says how many were applied.
const MIGRATIONS: [&str; 3] =
    [include_str!("schema.sql"), include_str!("schema_2.sql"), include_str!("schema_3.sql")];

const COLUMNS: &str = "id, user, database, scopes, reason, ticket, created_at, created_by, \
                       expires_at, max_sessions, user_stored, user_server, grant_stored, \
                       grant_server, token_sha256, ended_state, ended_at, ended_because, \
                       max_rows_written, conditions, life, revision";

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// The store in a SQLite file.
pub struct Sqlite {
    path: PathBuf,
    salt_key: [u8; 32],
    jobs: mpsc::Sender<Job>,
    /// Keeps other servers out until it is dropped.
    _lock: File,
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Sqlite {
    /// Opens the store at `path`, or makes it (mode 0600). Only one server can have it open.
    ///
    /// # Errors
    /// When another server has it, it can't be written, is damaged, or isn't a pgward store.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let lock = lock(path)?;
        create_private(path)?;
        let mut connection = connect(path)?;
        prepare(path, &mut connection)?;
        if let Err(error) = keep_room(&mut connection) {
            tracing::warn!(%error, "the store has no room set aside: on a full disk no end is kept");
        }
        let failed = |cause| StoreError::Sqlite { path: path.to_owned(), cause };
        let salt_key = salt_key(&connection, path)?.ok_or_else(|| StoreError::Corrupt {
            path: path.to_owned(),
            what: "it has no salt key".to_owned(),
        })?;
        connection.prepare(&format!("SELECT {COLUMNS} FROM grants")).map_err(failed)?;
        let (jobs, queue) = mpsc::channel::<Job>();
        std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || {
                for job in queue {
                    job(&mut connection);
                }
            })
            .map_err(|cause| StoreError::Open { path: path.to_owned(), cause })?;
        Ok(Self { path: path.to_owned(), salt_key, jobs, _lock: lock })
    }

    /// Does `work` on the thread that owns the connection, and waits for it.
    fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, wait) = mpsc::sync_channel(1);
        let job = move |connection: &mut Connection| {
            let _ = answer.send(work(connection));
        };
        self.jobs.send(Box::new(job)).map_err(|_| StoreError::Stopped)?;
        let result = wait.recv().map_err(|_| StoreError::Stopped)?;
        result.map_err(|source| failure(&self.path, source))
    }
}

impl Store for Sqlite {
    fn salt_key(&self) -> [u8; 32] {
        self.salt_key
    }

    fn create(&self, grant: &Grant, changes: &[Change]) -> Result<(), StoreError> {
        let (grant, changes) = (grant.clone(), changes.to_vec());
        self.run(move |connection| {
            let transaction = connection.transaction()?;
            insert(&transaction, &grant)?;
            for change in &changes {
                remember(&transaction, &grant.id.to_string(), change)?;
            }
            transaction.commit()
        })
    }

    fn update(&self, grant: &Grant, changes: &[Change]) -> Result<bool, StoreError> {
        let (grant, changes) = (grant.clone(), changes.to_vec());
        self.run(move |connection| {
            let transaction = connection.transaction()?;
            if !update(&transaction, &grant)? {
                return Ok(false);
            }
            for change in &changes {
                remember(&transaction, &grant.id.to_string(), change)?;
            }
            transaction.commit()?;
            Ok(true)
        })
    }

    fn end(
        &self,
        id: GrantId,
        ended: &Ended,
        actor: &str,
    ) -> Result<Option<EndOutcome>, StoreError> {
        let (ended, actor) = (ended.clone(), actor.to_owned());
        self.run(move |connection| {
            let transaction = connection.transaction()?;
            let Some(mut grant) = find(&transaction, id)? else { return Ok(None) };
            if grant.ended.is_some() {
                return Ok(Some(EndOutcome { grant, ended_now: false }));
            }
            transaction.execute(
                "UPDATE grants SET ended_state = ?2, ended_at = ?3, ended_because = ?4, \
                 revision = revision + 1 WHERE id = ?1",
                params![id.to_string(), ended.state.word(), ended.at, ended.because],
            )?;
            let change = Change {
                at: ended.at,
                event: ended.state.event().to_owned(),
                actor,
                detail: ended.because.clone(),
            };
            remember(&transaction, &id.to_string(), &change)?;
            transaction.commit()?;
            grant.life.revision += 1;
            Ok(Some(EndOutcome { grant: grant.ended(ended), ended_now: true }))
        })
    }

    fn find(&self, id: GrantId) -> Result<Option<Grant>, StoreError> {
        self.run(move |connection| find(connection, id))
    }

    fn all(&self) -> Result<Vec<Grant>, StoreError> {
        self.run(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM grants ORDER BY created_at, id");
            connection.prepare(&sql)?.query_map([], read)?.collect()
        })
    }

    fn history(&self, id: GrantId) -> Result<Vec<Change>, StoreError> {
        self.run(move |connection| {
            let sql =
                "SELECT at, event, actor, detail FROM history WHERE grant_id = ?1 ORDER BY seq";
            let change = |row: &Row<'_>| {
                Ok(Change {
                    at: row.get(0)?,
                    event: row.get(1)?,
                    actor: row.get(2)?,
                    detail: row.get(3)?,
                })
            };
            connection.prepare(sql)?.query_map([id.to_string()], change)?.collect()
        })
    }

    fn note_usage(&self, usage: &[(GrantId, Usage)]) -> Result<(), StoreError> {
        let usage = usage.to_vec();
        self.run(move |connection| people::note_usage(connection, &usage))
    }

    fn usage(&self) -> Result<Vec<(GrantId, Usage)>, StoreError> {
        self.run(|connection| people::usage(connection))
    }

    fn add_operator(&self, operator: &TokenOperator) -> Result<bool, StoreError> {
        let operator = operator.clone();
        self.run(move |connection| people::add_operator(connection, &operator))
    }

    fn remove_operator(&self, name: &str, by: &str, at: i64) -> Result<bool, StoreError> {
        let (name, by) = (name.to_owned(), by.to_owned());
        self.run(move |connection| people::remove_operator(connection, &name, &by, at))
    }

    fn operators_ever(&self) -> Result<Vec<TokenOperator>, StoreError> {
        self.run(|connection| people::operators_ever(connection))
    }

    fn operators(&self) -> Result<Vec<TokenOperator>, StoreError> {
        self.run(|connection| people::operators(connection))
    }
}

/// A lock file beside the store: SQLite's own locks don't outlive a transaction.
fn lock(path: &Path) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let open = |cause| StoreError::Open { path: name.clone(), cause };
    let mut options = OpenOptions::new();
    let file =
        options.write(true).create(true).truncate(false).mode(0o600).open(&name).map_err(open)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(open(source)),
    }
}

/// Makes the file for its owner alone; SQLite gives its journal the same mode.
fn create_private(path: &Path) -> Result<(), StoreError> {
    let open = |cause| StoreError::Open { path: path.to_owned(), cause };
    let mut options = OpenOptions::new();
    let file = options.read(true).append(true).create(true).mode(0o600).open(path).map_err(open)?;
    let mode = file.metadata().map_err(open)?.permissions().mode();
    if mode & 0o077 != 0 {
        file.set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(open)?;
    }
    Ok(())
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let failed = |source| failure(path, source);
    let connection = Connection::open(path).map_err(failed)?;
    connection.busy_timeout(Duration::from_secs(5)).map_err(failed)?;
    let setting = |name: &str, value: &str| {
        connection.pragma_update_and_check(None, name, value, |_| Ok(())).or_else(|error| {
            if matches!(error, rusqlite::Error::QueryReturnedNoRows) { Ok(()) } else { Err(error) }
        })
    };
    setting("journal_mode", "WAL").map_err(failed)?;
    setting("synchronous", "FULL").map_err(failed)?;
    setting("foreign_keys", "ON").map_err(failed)?;
    setting("trusted_schema", "OFF").map_err(failed)?;
    Ok(connection)
}

/// Checks whose file it is and that it is whole, and brings its schema up to date.
fn prepare(path: &Path, connection: &mut Connection) -> Result<(), StoreError> {
    let failed = |source| failure(path, source);
    let number = |connection: &Connection, name: &str| -> rusqlite::Result<i64> {
        connection.pragma_query_value(None, name, |row| row.get(0))
    };
    let application = number(connection, "application_id").map_err(failed)?;
    let version = number(connection, "user_version").map_err(failed)?;
    let objects: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(failed)?;
    if application != APPLICATION_ID && (application != 0 || version != 0 || objects != 0) {
        return Err(StoreError::Foreign { path: path.to_owned() });
    }
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if version > known {
        return Err(StoreError::Newer { path: path.to_owned(), found: version, known });
    }
    let verdict: String =
        connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(failed)?;
    if verdict != "ok" {
        return Err(StoreError::Corrupt { path: path.to_owned(), what: verdict });
    }
    let applied = usize::try_from(version).unwrap_or(0);
    let transaction = connection.transaction().map_err(failed)?;
    for (version, migration) in (1_i64..).zip(MIGRATIONS).skip(applied) {
        transaction.execute_batch(migration).map_err(failed)?;
        transaction.pragma_update(None, "user_version", version).map_err(failed)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
    if applied == 0 {
        let key: [u8; 32] = random()?;
        let sql = "INSERT INTO server (key, value) VALUES ('salt_key', ?1)";
        transaction.execute(sql, [key.as_slice()]).map_err(failed)?;
    }
    transaction.commit().map_err(failed)
}

/// Room that both files keep, in bytes, for ends of grants when the disk is full: what is revoked
/// must not come back with the next start. An end changes pages that are there and adds a line of
/// history.
const ROOM_BYTES: i64 = 1_200_000;
/// Pages of the journal after which it is written from its start again; the rest is the room.
const CHECKPOINT_PAGES: i64 = 100;

/// Makes both files as large as they need to be, and leaves the pages free
/// (<https://sqlite.org/wal.html>, "Avoiding Excessively Large WAL Files": the journal is
/// overwritten and not truncated).
fn keep_room(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction.execute_batch("CREATE TABLE IF NOT EXISTS room (bytes BLOB)")?;
    transaction.execute("INSERT INTO room VALUES (zeroblob(?1))", [ROOM_BYTES])?;
    transaction.commit()?;
    connection.execute_batch("DROP TABLE room")?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", CHECKPOINT_PAGES, |_| Ok(()))?;
    connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()))
}

fn salt_key(connection: &Connection, path: &Path) -> Result<Option<[u8; 32]>, StoreError> {
    let sql = "SELECT value FROM server WHERE key = 'salt_key'";
    let key = connection.query_row(sql, [], |row| row.get(0)).optional();
    key.map_err(|source| failure(path, source))
}

fn failure(path: &Path, source: rusqlite::Error) -> StoreError {
    let path = path.to_owned();
    match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => StoreError::Foreign { path },
        Some(ErrorCode::DatabaseCorrupt) => StoreError::Corrupt { path, what: source.to_string() },
        _ => StoreError::Sqlite { path, cause: source },
    }
}

fn insert(connection: &Connection, grant: &Grant) -> rusqlite::Result<()> {
    let Verifier { by_user, by_grant, token_sha256 } = &grant.verifier;
    let sql = format!(
        "INSERT INTO grants ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, \
         ?13, ?14, ?15, NULL, NULL, NULL, ?16, ?17, ?18, ?19)"
    );
    let max_sessions = i64::try_from(grant.max_sessions).unwrap_or(i64::MAX);
    let max_rows_written =
        grant.max_rows_written.map(|rows| i64::try_from(rows).unwrap_or(i64::MAX));
    let values = params![
        grant.id.to_string(),
        grant.user,
        grant.database,
        scopes_text(grant),
        grant.reason,
        grant.ticket,
        grant.created_at,
        grant.created_by,
        grant.expires_at,
        max_sessions,
        by_user.stored_key,
        by_user.server_key,
        by_grant.stored_key,
        by_grant.server_key,
        token_sha256,
        max_rows_written,
        json(&grant.conditions)?,
        json(&grant.life)?,
        grant.life.revision,
    ];
    connection.execute(&sql, values).map(drop)
}

/// False when it isn't as it was before the change.
fn update(connection: &Connection, grant: &Grant) -> rusqlite::Result<bool> {
    let (id, revision) = (grant.id.to_string(), grant.life.revision);
    if grant.ended.is_some() {
        let sql = "UPDATE grants SET life = ?2, revision = ?3 WHERE id = ?1 AND revision = ?3 - 1";
        return Ok(connection.execute(sql, params![id, json(&grant.life)?, revision])? == 1);
    }
    let Verifier { by_user, by_grant, token_sha256 } = &grant.verifier;
    let sql = "UPDATE grants SET scopes = ?2, expires_at = ?3, user_stored = ?4, \
               user_server = ?5, grant_stored = ?6, grant_server = ?7, token_sha256 = ?8, \
               life = ?9, revision = ?10 \
               WHERE id = ?1 AND revision = ?10 - 1 AND ended_state IS NULL";
    let values = params![
        id,
        scopes_text(grant),
        grant.expires_at,
        by_user.stored_key,
        by_user.server_key,
        by_grant.stored_key,
        by_grant.server_key,
        token_sha256,
        json(&grant.life)?,
        revision,
    ];
    Ok(connection.execute(sql, values)? == 1)
}

fn scopes_text(grant: &Grant) -> String {
    let scopes: Vec<String> = grant.scopes.iter().map(scopes::text).collect();
    serde_json::Value::from(scopes).to_string()
}

fn json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|why| rusqlite::Error::ToSqlConversionFailure(why.into()))
}

/// A line of the history of `about`: a grant's id, or an operator.
pub(super) fn remember(
    connection: &Connection,
    about: &str,
    change: &Change,
) -> rusqlite::Result<()> {
    let Change { at, event, actor, detail } = change;
    let sql =
        "INSERT INTO history (at, grant_id, event, actor, detail) VALUES (?1, ?2, ?3, ?4, ?5)";
    connection.execute(sql, params![at, about, event, actor, detail]).map(drop)
}

fn find(connection: &Connection, id: GrantId) -> rusqlite::Result<Option<Grant>> {
    let sql = format!("SELECT {COLUMNS} FROM grants WHERE id = ?1");
    connection.query_row(&sql, [id.to_string()], read).optional()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Grant> {
    let id: String = row.get(0)?;
    let id = id.parse().map_err(|error| unreadable(0, error))?;
    let scopes: String = row.get(3)?;
    let mut permissions = Vec::new();
    let texts: Vec<String> = serde_json::from_str(&scopes).map_err(|error| unreadable(3, error))?;
    for text in &texts {
        // What can't be read must not become a grant with other permissions.
        permissions.extend(scopes::parse(text).map_err(|what| unreadable(3, Unreadable(what)))?);
    }
    let state: Option<String> = row.get(15)?;
    let ended = match state {
        None => None,
        Some(word) => Some(Ended {
            state: State::from_word(&word).ok_or_else(|| unreadable(15, Unreadable(word)))?,
            at: row.get(16)?,
            because: row.get(17)?,
        }),
    };
    let max_sessions: i64 = row.get(9)?;
    let max_rows_written: Option<i64> = row.get(18)?;
    let (conditions, life): (String, String) = (row.get(19)?, row.get(20)?);
    let life: Life = serde_json::from_str(&life).map_err(|error| unreadable(20, error))?;
    Ok(Grant {
        id,
        user: row.get(1)?,
        database: row.get(2)?,
        scopes: permissions,
        reason: row.get(4)?,
        ticket: row.get(5)?,
        created_at: row.get(6)?,
        created_by: row.get(7)?,
        expires_at: row.get(8)?,
        max_sessions: usize::try_from(max_sessions).unwrap_or(0),
        // A cap that can't be read must not become none.
        max_rows_written: max_rows_written.map(|rows| u64::try_from(rows).unwrap_or(1)),
        ended,
        verifier: Verifier {
            by_user: StoredKeys { stored_key: row.get(10)?, server_key: row.get(11)? },
            by_grant: StoredKeys { stored_key: row.get(12)?, server_key: row.get(13)? },
            token_sha256: row.get(14)?,
        },
        conditions: serde_json::from_str(&conditions).map_err(|error| unreadable(19, error))?,
        life: Life { revision: row.get(21)?, ..life },
    })
}

/// What is kept and can't be understood.
#[derive(Debug, thiserror::Error)]
#[error("unreadable: {0}")]
pub(super) struct Unreadable(pub(super) String);

pub(super) fn unreadable(
    column: usize,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
