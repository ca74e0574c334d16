//! Sessions on grants with write scopes as roles of their own, which PostgreSQL itself holds to
//! these scopes: asks the functions that a DBA installed (`config setup-sql`) for the role of a
//! set of scopes before each login, and has it removed when no grant needs it any more.
//!
//! The role's password is random and known to this process only; what is sent is its verifier.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use data_encoding::BASE64URL_NOPAD;
use secrecy::SecretString;
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::control::Control;
use super::dial::{SaltedPasswords, Target};
use super::simple::{Client, QueryError, Row};
use crate::auth::scram_client::verifier;
use crate::catalog::CatalogueError;
use crate::catalog::scope_roles::{self as calls, Standing};
use crate::config::Role;
use crate::policy::Scope;

/// Longest answer of a function, connecting included; a login has ten seconds by default.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// Longest wait for what a rehearsal comes to, with those before it: who waits is a person.
const REHEARSAL_MAX: Duration = Duration::from_secs(8);

/// A role outlives its grant by this, since the server's clock need not be ours. It is removed
/// when the grant ends; this is for when nobody is there to do that.
const SECONDS_BEYOND: u64 = 60;

/// One database's scope roles.
#[derive(Debug)]
pub(super) struct ScopeRoles {
    target: Arc<Target>,
    salted: Arc<SaltedPasswords>,
    /// The connection belongs to this runtime, and what was begun on it is never broken off.
    runtime: Handle,
    standing: ArcSwap<Standing>,
    inner: Mutex<Inner>,
    /// One rehearsal at a time: a login waits for one of them at most, however many ask.
    rehearsing: Arc<Mutex<()>>,
}

#[derive(Debug)]
struct Inner {
    client: Option<Client>,
    /// By the sorted scopes.
    known: HashMap<Vec<Scope>, Known>,
    /// There may be roles that nobody needs.
    any: bool,
    problem: Option<String>,
}

/// What follows a statement on the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Nothing,
    /// Whether it failed or not: it has left a transaction open.
    RollBack,
}

#[derive(Debug, Clone)]
struct Known {
    role: String,
    password: Option<(SecretString, String)>,
}

/// A role to log in as.
#[derive(Debug, Clone)]
pub(super) struct Opened {
    pub(super) role: Role,
    /// What the session's `role` is set to: the owner of the schemas that ddl: scopes name.
    pub(super) acts_as: Option<String>,
}

impl ScopeRoles {
    /// Must be called on the runtime that is to hold the connection.
    pub(super) fn new(target: Arc<Target>, salted: Arc<SaltedPasswords>) -> Self {
        let (client, known, problem) = (None, HashMap::new(), None);
        Self {
            target,
            salted,
            runtime: Handle::current(),
            standing: ArcSwap::from_pointee(Standing::Absent),
            inner: Mutex::new(Inner { client, known, any: true, problem }),
            rehearsing: Arc::default(),
        }
    }

    pub(super) fn standing(&self) -> Arc<Standing> {
        self.standing.load_full()
    }

    /// Asks how it stands, until the functions can be used: from then on they are, and when they
    /// fail there is no session, rather than one with wider rights. True if it changed.
    pub(super) async fn look(&self, control: &Control) -> Result<bool, CatalogueError<QueryError>> {
        let before = self.standing();
        if *before == Standing::Usable {
            return Ok(false);
        }
        let database = &self.target.database;
        let mut sessions = vec![database.reader.user.as_str()];
        sessions.extend(database.writer.as_ref().map(|role| role.user.as_str()));
        let now = calls::standing(control, &sessions).await?;
        let changed = now != *before;
        self.standing.store(Arc::new(now));
        Ok(changed)
    }

    /// The role for these scopes, made or set right, for so many seconds at least.
    ///
    /// # Errors
    /// What the functions say, or why they don't.
    pub(super) async fn open(
        self: &Arc<Self>,
        scopes: &[Scope],
        seconds: u64,
    ) -> Result<Opened, QueryError> {
        let (this, mut scopes) = (Arc::clone(self), scopes.to_vec());
        scopes.sort();
        let opening = self.runtime.spawn(async move {
            let mut inner = this.inner.lock().await;
            this.open_now(&mut inner, scopes, seconds).await
        });
        opening.await.unwrap_or_else(|broken| Err(QueryError::Lost(broken.to_string())))
    }

    /// Whether the role for these scopes could be made and let in now; nothing is.
    ///
    /// # Errors
    /// As [`ScopeRoles::open`].
    pub(super) async fn rehearse(self: &Arc<Self>, scopes: &[Scope]) -> Result<(), QueryError> {
        let (this, scopes) = (Arc::clone(self), scopes.to_vec());
        let rehearsing = async {
            let turn = Arc::clone(&self.rehearsing).lock_owned().await;
            self.runtime
                .spawn(async move {
                    let _turn = turn;
                    let mut inner = this.inner.lock().await;
                    this.rehearse_now(&mut inner, &scopes).await
                })
                .await
                .unwrap_or_else(|broken| Err(QueryError::Lost(broken.to_string())))
        };
        timeout(REHEARSAL_MAX, rehearsing)
            .await
            .unwrap_or_else(|_| Err(QueryError::Lost("no answer in time".to_owned())))
    }

    async fn rehearse_now(&self, inner: &mut Inner, scopes: &[Scope]) -> Result<(), QueryError> {
        // Of bytes that nobody sees: if it came to stay, no password would prove it.
        let password = BASE64URL_NOPAD.encode(&rand::random::<[u8; 24]>());
        let verifier = verifier(&password, &rand::random());
        let rows = self.ask(inner, &calls::rehearse(scopes, &verifier), Then::RollBack).await?;
        match rows.into_iter().flatten().next().flatten() {
            None => Ok(()),
            remedy => Err(QueryError::Failed {
                sqlstate: "42501".to_owned(),
                message: format!("role {} may not connect to the database", calls::GROUP),
                hint: remedy,
            }),
        }
    }

    async fn open_now(
        &self,
        inner: &mut Inner,
        scopes: Vec<Scope>,
        seconds: u64,
    ) -> Result<Opened, QueryError> {
        // The same password for all sessions of these scopes: logins at once don't lock each
        // other out.
        let known = inner.known.get(&scopes).and_then(|known| known.password.clone());
        let (password, verifier) = known.unwrap_or_else(|| {
            let password = BASE64URL_NOPAD.encode(&rand::random::<[u8; 24]>());
            let verifier = verifier(&password, &rand::random());
            (SecretString::from(password), verifier)
        });
        inner.any = true;
        let sql = calls::open(&scopes, &verifier, seconds.saturating_add(SECONDS_BEYOND));
        let rows = self.rows(inner, &sql).await?;
        let Some([Some(role), acts_as]) = rows.first().map(Vec::as_slice) else {
            return Err(QueryError::Lost("open_scope_role gave no role".to_owned()));
        };
        let password = Some((password, verifier));
        let opened = Opened {
            role: Role {
                user: role.clone(),
                password: password.as_ref().map(|(password, _)| password.clone()),
                password_file: None,
            },
            acts_as: acts_as.clone(),
        };
        inner.known.insert(scopes, Known { role: role.clone(), password });
        Ok(opened)
    }

    /// Removes the roles that none of the scopes in `needed` is for, unless they have sessions.
    /// `needed` is asked when no login can be making a role. Tells a problem once.
    pub(super) async fn sweep(&self, needed: impl Fn() -> Vec<Vec<Scope>>) {
        if *self.standing() != Standing::Usable {
            return;
        }
        let mut inner = self.inner.lock().await;
        if !inner.any {
            return;
        }
        let database = &self.target.database.name;
        match self.sweep_now(&mut inner, needed()).await {
            Ok(removed) => {
                inner.problem = None;
                if removed > 0 {
                    tracing::info!(%database, roles = removed, "scope roles removed");
                }
            }
            Err(problem) => {
                let problem = problem.to_string();
                if inner.problem.as_ref() != Some(&problem) {
                    tracing::warn!(%database, %problem, "scope roles cannot be removed");
                    inner.problem = Some(problem);
                }
            }
        }
    }

    async fn sweep_now(
        &self,
        inner: &mut Inner,
        needed: Vec<Vec<Scope>>,
    ) -> Result<usize, QueryError> {
        let listed = self.rows(inner, &calls::list()).await?;
        let mut kept = Vec::new();
        if !listed.is_empty() {
            for mut scopes in needed {
                scopes.sort();
                kept.push(self.name_for(inner, scopes).await?);
            }
        }
        let mut removed = 0;
        for row in &listed {
            let [Some(role), Some(sessions)] = row.as_slice() else { continue };
            if kept.contains(role) || sessions != "0" {
                continue;
            }
            self.rows(inner, &calls::close(role)).await?;
            inner.known.retain(|_, known| known.role != *role);
            removed += 1;
        }
        inner.any = listed.len() > removed;
        Ok(removed)
    }

    async fn name_for(&self, inner: &mut Inner, scopes: Vec<Scope>) -> Result<String, QueryError> {
        if let Some(known) = inner.known.get(&scopes) {
            return Ok(known.role.clone());
        }
        let rows = self.rows(inner, &calls::name_for(&scopes)).await?;
        let role = rows.into_iter().flatten().next().flatten();
        let role = role.ok_or_else(|| QueryError::Lost("scope_role_name gave no name".into()))?;
        inner.known.insert(scopes, Known { role: role.clone(), password: None });
        Ok(role)
    }

    /// One statement on the connection, which is made at first use and again when it was lost.
    async fn rows(&self, inner: &mut Inner, sql: &str) -> Result<Vec<Row>, QueryError> {
        self.ask(inner, sql, Then::Nothing).await
    }

    async fn ask(&self, inner: &mut Inner, sql: &str, then: Then) -> Result<Vec<Row>, QueryError> {
        let had_one = inner.client.is_some();
        match self.try_to_ask(inner, sql, then).await {
            // It may have been lost while nothing was asked of it.
            Err(QueryError::Lost(_)) if had_one => self.try_to_ask(inner, sql, then).await,
            // "tuple concurrently updated": a DBA granted on the same table.
            Err(QueryError::Failed { sqlstate, .. }) if sqlstate == "XX000" => {
                self.try_to_ask(inner, sql, then).await
            }
            answer => answer,
        }
    }

    async fn try_to_ask(
        &self,
        inner: &mut Inner,
        sql: &str,
        then: Then,
    ) -> Result<Vec<Row>, QueryError> {
        // Taken out: after a timeout nobody reads the rest of this answer.
        let client = inner.client.take();
        let asking = async {
            let mut client = match client {
                Some(client) => client,
                None => {
                    let role = &self.target.database.control;
                    let connecting = Client::connect(&self.target, role, &self.salted, "4s");
                    connecting.await.map_err(|problem| QueryError::Lost(problem.to_string()))?
                }
            };
            let mut rows = client.rows(sql).await;
            let open = then == Then::RollBack && !matches!(rows, Err(QueryError::Lost(_)));
            if open && let Err(problem) = client.rows("ROLLBACK").await {
                // Closing the connection rolls back, too.
                rows = Err(QueryError::Lost(problem.to_string()));
            }
            Ok((client, rows))
        };
        let asked: Result<_, QueryError> = timeout(ANSWER_MAX, asking)
            .await
            .unwrap_or_else(|_| Err(QueryError::Lost("no answer in time".to_owned())));
        let (client, rows) = asked?;
        if !matches!(rows, Err(QueryError::Lost(_))) {
            inner.client = Some(client);
        }
        rows
    }
}
