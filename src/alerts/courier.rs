//! One webhook's task: takes from its outbox, sends, and says in metrics how it went.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::outbox::{Next, Outbox, Pace, Taken};
use super::payload::Letter;
use super::send::{SetupError, Target};
use crate::config::{self, Webhook};
use crate::telemetry::Metrics;

pub(super) struct Courier {
    webhook: Webhook,
    timing: (std::time::Duration, std::time::Duration),
    target: Target,
    outbox: Mutex<Outbox>,
    news: Notify,
    metrics: Arc<Metrics>,
}

impl Courier {
    pub(super) fn new(
        webhook: &Webhook,
        config: &config::Alerts,
        metrics: Arc<Metrics>,
    ) -> Result<Self, SetupError> {
        Self::paced(webhook, config, Pace::until(config.retry_for), metrics)
    }

    pub(super) fn paced(
        webhook: &Webhook,
        config: &config::Alerts,
        pace: Pace,
        metrics: Arc<Metrics>,
    ) -> Result<Self, SetupError> {
        Ok(Self {
            webhook: webhook.clone(),
            timing: (config.timeout, config.retry_for),
            target: Target::new(webhook, config.timeout)?,
            outbox: Mutex::new(Outbox::new(pace)),
            news: Notify::new(),
            metrics,
        })
    }

    /// Whether it sends to that webhook, in that way.
    pub(super) fn serves(&self, webhook: &Webhook, config: &config::Alerts) -> bool {
        self.webhook.is_as(webhook) && self.timing == (config.timeout, config.retry_for)
    }

    /// Queues an alert, if it is of those that this webhook wants. Never waits.
    pub(super) fn take(&self, letter: &Arc<Letter>) {
        if !self.webhook.events.contains(&letter.kind()) {
            return;
        }
        match self.lock().take(letter, Instant::now()) {
            Taken::Queued => self.metrics.alerts_queued(1),
            Taken::Same => {
                self.metrics.alert_result(letter.event(), "duplicate");
                return;
            }
            Taken::Instead(event) => self.metrics.alert_result(event, "dropped"),
        }
        self.news.notify_one();
    }

    /// Forgets what waits: its webhook is no longer configured.
    pub(super) fn close(&self) {
        self.gone(&self.lock().clear(), "dropped");
    }

    /// Sends until the task is ended.
    pub(super) async fn run(self: Arc<Self>) {
        loop {
            let now = Instant::now();
            let (expired, next) = {
                let mut outbox = self.lock();
                (outbox.expire(now), outbox.next(now))
            };
            self.gone(&expired, "given_up");
            if !expired.is_empty() {
                let (place, count) = (&self.webhook.place, expired.len());
                tracing::error!(place, count, "alerts were given up: nobody took them in time");
            }
            match next {
                Next::Idle => self.news.notified().await,
                Next::Wait(until) => {
                    tokio::select! {
                        () = tokio::time::sleep_until(until) => {}
                        () = self.news.notified() => {}
                    }
                }
                Next::Send(number, letter) => self.send(number, &letter).await,
            }
        }
    }

    async fn send(&self, number: u64, letter: &Letter) {
        let wall = jiff::Timestamp::now();
        match self.target.send(letter, wall.as_second()).await {
            Ok(()) => {
                self.lock().delivered(number);
                self.metrics.alerts_queued(-1);
                self.metrics.alert_result(letter.event(), "delivered");
                self.metrics.alert_delivered_at(wall.as_second());
            }
            Err(error) => {
                self.metrics.alert_failed(error.word());
                let (fault, chance) = (error.fault(), rand::random());
                let given_up = self.lock().failed(number, fault, Instant::now(), chance);
                let (place, event) = (&self.webhook.place, letter.event());
                if given_up {
                    self.gone(&[event], "given_up");
                    tracing::error!(place, event, %error, "an alert was given up");
                } else {
                    tracing::warn!(place, event, %error, "an alert is not delivered yet");
                }
            }
        }
    }

    fn gone(&self, events: &[&'static str], result: &'static str) {
        for event in events {
            self.metrics.alerts_queued(-1);
            self.metrics.alert_result(event, result);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
