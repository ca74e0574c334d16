//! Alerts: what people should hear of at once is sent to webhooks, signed, in order, tried again
//! with back-off, each once, and never on the way of the data.
//!
//! Whoever has something to tell calls [`Alerts::raise`], which queues and returns. Each webhook
//! has a task of its own on the admin runtime and a queue with a bound; a receiver that is slow
//! or dead delays nobody, and what it costs is counted. An alert holds what its audit record
//! holds of a grant, and never a token, a statement or a parameter.

mod courier;
mod outbox;
mod payload;
mod send;
#[cfg(test)]
mod tests;
pub mod watch;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::auth::token::without_tokens;
use crate::base::GrantId;
use crate::config::{self, AlertEvent};
use crate::telemetry::Metrics;
use courier::Courier;

pub use outbox::QUEUE_MAX;
pub use send::SetupError;

/// Longest text of others in an alert, characters.
const TEXT_MAX: usize = 500;

/// Scopes that are named in an alert, at most.
const SCOPES_MAX: usize = 30;

/// Something that people should hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// What.
    pub event: AlertEvent,
    /// When, microseconds since 1970.
    pub at: i64,
    /// The grant that it is about.
    pub grant: Option<About>,
    /// The database that it is about, where there is no grant.
    pub database: Option<String>,
    /// Who did it.
    pub actor: Option<String>,
    /// More about it.
    pub detail: Option<String>,
    /// How many: refusals, sessions, bytes.
    pub count: Option<u64>,
}

/// What an alert says of a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Its id.
    pub id: GrantId,
    /// The person.
    pub user: String,
    /// The database's name in the configuration.
    pub database: String,
    /// What it permits beyond reading, as written.
    pub scopes: Vec<String>,
    /// Why access was granted.
    pub reason: String,
    /// Its ticket.
    pub ticket: Option<String>,
    /// When it ends, microseconds since 1970; `None` before it is in force.
    pub expires_at: Option<i64>,
    /// How often others were asked to approve something of it: what an approval names.
    pub revision: u32,
}

/// Everything that sends alerts.
pub struct Alerts {
    node: String,
    metrics: Arc<Metrics>,
    runtime: tokio::runtime::Handle,
    couriers: Mutex<Vec<Running>>,
}

/// A courier and its task.
struct Running {
    courier: Arc<Courier>,
    task: tokio::task::JoinHandle<()>,
}

impl Alert {
    /// One that is about nothing in particular.
    #[must_use]
    pub const fn new(event: AlertEvent, at: i64) -> Self {
        Self { event, at, grant: None, database: None, actor: None, detail: None, count: None }
    }

    /// What is the same alert: another of the same key within a while is not sent.
    pub(crate) fn key(&self) -> String {
        let grant = self.grant.as_ref();
        let parts = [
            grant.map(|grant| grant.id.to_string()),
            grant.and_then(|grant| grant.expires_at).map(|at| at.to_string()),
            grant.map(|grant| grant.revision.to_string()),
            self.database.clone(),
            self.actor.clone(),
            self.detail.clone(),
        ];
        let parts = parts.map(Option::unwrap_or_default);
        format!("{} {}", self.event.word(), parts.join("\u{1f}"))
    }

    /// Texts of people without what never leaves: tokens, control characters, more than a
    /// receiver takes.
    fn tidied(mut self) -> Self {
        for text in [&mut self.actor, &mut self.detail, &mut self.database].into_iter().flatten() {
            tidy(text);
        }
        if let Some(grant) = &mut self.grant {
            tidy(&mut grant.user);
            tidy(&mut grant.database);
            tidy(&mut grant.reason);
            grant.ticket.as_mut().into_iter().for_each(tidy);
            let more = grant.scopes.len().saturating_sub(SCOPES_MAX);
            grant.scopes.truncate(SCOPES_MAX);
            grant.scopes.iter_mut().for_each(tidy);
            if more > 0 {
                grant.scopes.push(format!("… and {more} more"));
            }
        }
        self
    }
}

fn tidy(text: &mut String) {
    let clean = without_tokens(text);
    let mut short: String = clean
        .chars()
        .take(TEXT_MAX)
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect();
    if clean.chars().count() > TEXT_MAX {
        short.push('…');
    }
    *text = short;
}

impl Alerts {
    /// Begins to send to the webhooks of `config`; `node` is this machine in what is sent. To be
    /// called on the runtime that the tasks are to run on.
    ///
    /// # Errors
    /// When a webhook's roots cannot be read.
    pub fn start(
        config: &config::Alerts,
        node: &str,
        metrics: Arc<Metrics>,
    ) -> Result<Self, SetupError> {
        for event in AlertEvent::ALL {
            metrics.alert_known(event.word());
        }
        let alerts = Self {
            node: node.to_owned(),
            metrics,
            runtime: tokio::runtime::Handle::current(),
            couriers: Mutex::default(),
        };
        alerts.reload(config)?;
        Ok(alerts)
    }

    /// Sends to these webhooks from now on. One that stays as it is keeps what waits for it.
    ///
    /// # Errors
    /// When a webhook's roots cannot be read; nothing changes then.
    pub fn reload(&self, config: &config::Alerts) -> Result<(), SetupError> {
        let mut running = self.couriers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut new = Vec::new();
        for webhook in &config.webhooks {
            let known = running.iter().any(|one| one.courier.serves(webhook, config));
            if !known {
                new.push(Courier::new(webhook, config, Arc::clone(&self.metrics))?);
            }
        }
        running.retain(|one| {
            let stays = config.webhooks.iter().any(|webhook| one.courier.serves(webhook, config));
            if !stays {
                one.task.abort();
                one.courier.close();
            }
            stays
        });
        for courier in new {
            let courier = Arc::new(courier);
            let task = self.runtime.spawn(Arc::clone(&courier).run());
            running.push(Running { courier, task });
        }
        Ok(())
    }

    /// Tells of something. Never waits; what finds no room takes the place of the oldest, which
    /// is counted.
    pub fn raise(&self, alert: Alert) {
        self.metrics.alert_raised(alert.event.word());
        let alert = Arc::new(payload::Letter::new(alert.tidied(), &self.node));
        for one in self.couriers.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            one.courier.take(&alert);
        }
    }
}

impl Drop for Alerts {
    fn drop(&mut self) {
        for one in self.couriers.get_mut().unwrap_or_else(PoisonError::into_inner) {
            one.task.abort();
        }
    }
}

impl fmt::Debug for Alerts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alerts").field("node", &self.node).finish_non_exhaustive()
    }
}
