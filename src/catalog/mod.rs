//! The upstream's functions, types, operators and relations: loaded over the control connection,
//! kept per database, and given to the judges, which see a new snapshot by its epoch.
//!
//! Loading is the caller's loop: [`Catalogues::refresh`] once before the first session of a
//! database, then whenever [`Catalogues::due`] says so: every [`REFRESH_EVERY`], and soon after a
//! statement named something unknown or may itself have changed the catalogue
//! ([`Catalogues::hurry`]). A stale snapshot refuses what is new under a name of its own. What it
//! misses, for at most that long, is an object that somebody else has just made under a name it
//! already vouches for: `public.lower(varchar)` beside the built-in `lower`.

mod fired;
pub mod roles;
pub mod scope_roles;
mod sql;

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::Notify;

use crate::policy::{Catalogue, JudgeSettings, JudgeSource};

/// How often a loaded snapshot is compared with the server's catalogue.
pub const REFRESH_EVERY: Duration = Duration::from_secs(5);

/// How soon a loaded snapshot may be compared again, when a statement named something unknown.
pub const REFRESH_AT_MOST_EVERY: Duration = Duration::from_secs(1);

/// Rows as the simple protocol gives them: text, or NULL.
pub type Rows = Vec<Vec<Option<String>>>;

/// What asks the upstream: one simple Query, all its rows.
pub trait Query {
    /// Why a query failed.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Runs one statement and gives its rows.
    fn rows(&self, sql: &str) -> impl Future<Output = Result<Rows, Self::Error>> + Send;
}

/// Why a catalogue could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError<E: std::error::Error + 'static> {
    /// The upstream did not answer.
    #[error("reading the upstream's catalogue failed")]
    Query(#[source] E),
    /// It answered something else than what was asked.
    #[error("the upstream's answer about its catalogue has other columns than asked for")]
    Answer,
    /// A server older than PostgreSQL 14.
    #[error("the upstream runs PostgreSQL {0}: 14 is the oldest that is supported")]
    TooOld(u16),
}

/// Whether a refresh found something new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refreshed {
    /// The snapshot still holds.
    Unchanged,
    /// Judges will see a new one.
    Changed,
}

/// The snapshots of all databases, and what the configuration says to the judges.
#[derive(Debug)]
pub struct Catalogues {
    databases: ArcSwap<HashMap<Box<str>, Loaded>>,
    settings: ArcSwap<JudgeSettings>,
    unknown: Arc<Catalogue>,
    epoch: AtomicU64,
    hurried: Mutex<HashMap<Box<str>, Arc<Notify>>>,
}

#[derive(Debug, Clone)]
struct Loaded {
    catalogue: Arc<Catalogue>,
    version: String,
}

impl Catalogues {
    /// None loaded yet.
    #[must_use]
    pub fn new(settings: Arc<JudgeSettings>) -> Self {
        Self {
            databases: ArcSwap::default(),
            settings: ArcSwap::new(settings),
            unknown: Arc::new(Catalogue::default()),
            epoch: AtomicU64::new(1),
            hurried: Mutex::default(),
        }
    }

    /// Asks for the next refresh of a database to be early: something that it has not may just
    /// have been made.
    pub fn hurry(&self, database: &str) {
        self.hurry_of(database).notify_one();
    }

    /// Waits until the next refresh of a database is due.
    pub async fn due(&self, database: &str) {
        let hurry = self.hurry_of(database);
        let soonest = tokio::time::Instant::now() + REFRESH_AT_MOST_EVERY;
        if tokio::time::timeout(REFRESH_EVERY, hurry.notified()).await.is_ok() {
            tokio::time::sleep_until(soonest).await;
        }
    }

    fn hurry_of(&self, database: &str) -> Arc<Notify> {
        let mut hurried = self.hurried.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(hurried.entry(database.into()).or_default())
    }

    /// The snapshot of a database (by its name in the configuration); one that vouches for
    /// nothing when none is loaded.
    #[must_use]
    pub fn get(&self, database: &str) -> Arc<Catalogue> {
        let databases = self.databases.load();
        databases.get(database).map_or(&self.unknown, |loaded| &loaded.catalogue).clone()
    }

    /// Whether a snapshot of the database is loaded: without one there are no new sessions.
    #[must_use]
    pub fn is_loaded(&self, database: &str) -> bool {
        self.databases.load().contains_key(database)
    }

    /// Takes a new configuration: judgements made under the old one are stale from now on.
    pub fn set_settings(&self, settings: Arc<JudgeSettings>) {
        self.settings.store(settings);
        self.changed();
    }

    /// Takes a snapshot as it is (for tests, and for judging without a server).
    pub fn set(&self, database: &str, catalogue: Arc<Catalogue>) {
        self.store(database, Loaded { catalogue, version: String::new() });
        self.changed();
    }

    /// Forgets a database that is no longer in the configuration.
    pub fn remove(&self, database: &str) {
        self.databases.rcu(|databases| {
            let mut databases = HashMap::clone(databases);
            databases.remove(database);
            databases
        });
        self.changed();
    }

    /// Asks whether the database's catalogue changed, and loads it if so (or for the first time).
    ///
    /// # Errors
    /// [`CatalogueError`]; the snapshot before then stays.
    pub async fn refresh<Q: Query + Sync>(
        &self,
        database: &str,
        query: &Q,
    ) -> Result<Refreshed, CatalogueError<Q::Error>> {
        let version = one_text(query.rows(sql::VERSION).await.map_err(CatalogueError::Query)?)
            .ok_or(CatalogueError::Answer)?;
        let before = self.databases.load().get(database).cloned();
        if before.as_ref().is_some_and(|loaded| loaded.version == version) {
            return Ok(Refreshed::Unchanged);
        }
        let snapshot = load(query).await?;
        // What changed may be nothing that a verdict rests on: then verdicts stay.
        if let Some(before) = before.filter(|loaded| *loaded.catalogue.snapshot() == snapshot) {
            self.store(database, Loaded { version, ..before });
            return Ok(Refreshed::Unchanged);
        }
        let catalogue = Arc::new(Catalogue::new(snapshot));
        // Here, so that no worker has to read a thousand bodies at once.
        let _ = catalogue.refusals(&self.settings.load().functions);
        self.store(database, Loaded { catalogue, version });
        self.changed();
        Ok(Refreshed::Changed)
    }

    fn store(&self, database: &str, loaded: Loaded) {
        self.databases.rcu(|databases| {
            let mut databases = HashMap::clone(databases);
            databases.insert(database.into(), loaded.clone());
            databases
        });
    }

    /// After what changed can be seen, so that whoever sees the new epoch sees it too.
    fn changed(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
    }
}

impl JudgeSource for Catalogues {
    fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    fn catalogue(&self, database: &str) -> Arc<Catalogue> {
        self.get(database)
    }

    fn settings(&self) -> Arc<JudgeSettings> {
        self.settings.load_full()
    }

    fn unknown(&self, database: &str) {
        self.hurry(database);
    }
}

/// Loads a whole snapshot. The version was read before, so a change in between is seen by the
/// next refresh.
///
/// # Errors
/// [`CatalogueError`].
pub async fn load<Q: Query + Sync>(
    query: &Q,
) -> Result<crate::policy::catalogue::Snapshot, CatalogueError<Q::Error>> {
    query.rows(sql::PATH).await.map_err(CatalogueError::Query)?;
    let answers = sql::Answers {
        server: query.rows(sql::SERVER).await.map_err(CatalogueError::Query)?,
        functions: query.rows(sql::FUNCTIONS).await.map_err(CatalogueError::Query)?,
        types: query.rows(sql::TYPES).await.map_err(CatalogueError::Query)?,
        operators: query.rows(sql::OPERATORS).await.map_err(CatalogueError::Query)?,
        casts: query.rows(sql::CASTS).await.map_err(CatalogueError::Query)?,
        relations: query.rows(sql::RELATIONS).await.map_err(CatalogueError::Query)?,
        uses: query.rows(sql::USES).await.map_err(CatalogueError::Query)?,
        texts: query.rows(sql::TEXTS).await.map_err(CatalogueError::Query)?,
        foreign: query.rows(sql::FOREIGN).await.map_err(CatalogueError::Query)?,
        inherits: query.rows(sql::INHERITS).await.map_err(CatalogueError::Query)?,
        schemas: query.rows(sql::SCHEMAS).await.map_err(CatalogueError::Query)?,
        fired: query.rows(fired::FIRED).await.map_err(CatalogueError::Query)?,
    };
    let snapshot = answers.snapshot().map_err(|sql::BadRow| CatalogueError::Answer)?;
    if snapshot.major < 14 {
        return Err(CatalogueError::TooOld(snapshot.major));
    }
    Ok(snapshot)
}

fn one_text(rows: Rows) -> Option<String> {
    rows.into_iter().next()?.into_iter().next()?
}

#[cfg(test)]
mod tests;
