//! What nobody does and people should hear of all the same: seen by looking now and then at
//! grants, counters and the audit log. Knows no clock and no IO; it is shown what there is.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Duration;

use super::{About, Alert};
use crate::base::GrantId;
use crate::config::{self, AlertEvent};

/// Refusals within this time are a burst, microseconds.
const BURST_US: i64 = 60_000_000;

/// A burst is told of again after this time if it goes on, microseconds.
const AGAIN_US: i64 = 600_000_000;

/// What there is now.
#[derive(Debug, Clone, Default)]
pub struct Sight {
    /// Microseconds since 1970.
    pub now: i64,
    /// Grants in force.
    pub grants: Vec<Known>,
    /// Statements refused so far, by database.
    pub refused: Vec<(String, u64)>,
    /// Writes of the audit log that failed so far.
    pub audit_failures: u64,
    /// Records written so far.
    pub audit_records: u64,
    /// Free bytes of its file system.
    pub free_bytes: Option<u64>,
}

/// A grant in force.
#[derive(Debug, Clone)]
pub struct Known {
    /// What an alert says of it.
    pub about: About,
    /// Since when it is in force, microseconds since 1970.
    pub since: i64,
    /// Sessions now.
    pub sessions: usize,
    /// Whether there ever was one.
    pub used: bool,
}

/// Remembers what was told.
#[derive(Debug, Default)]
pub struct Watch {
    /// With the end that it was told for: one that is moved is told of anew.
    told: HashMap<(AlertEvent, GrantId), Option<i64>>,
    used: HashSet<GrantId>,
    refused: BTreeMap<String, Refusals>,
    /// What was counted before the first look is no burst.
    looked: bool,
    audit: Option<Log>,
    nearly_full: bool,
}

#[derive(Debug)]
struct Refusals {
    /// Totals with their times, oldest first; the first is the last one before the burst.
    totals: VecDeque<(i64, u64)>,
    told_at: Option<i64>,
}

/// The audit log as it was seen last.
#[derive(Debug, Clone, Copy)]
struct Log {
    failures: u64,
    records: u64,
    failing: bool,
}

impl Watch {
    /// What is to be told of what there is now.
    pub fn look(&mut self, sight: &Sight, config: &config::Alerts) -> Vec<Alert> {
        let mut alerts = Vec::new();
        let known: HashSet<GrantId> = sight.grants.iter().map(|known| known.about.id).collect();
        self.told.retain(|(_, id), _| known.contains(id));
        self.used.retain(|id| known.contains(id));
        for grant in &sight.grants {
            self.grant(grant, sight.now, config, &mut alerts);
        }
        self.refusals(sight, config.refusals_per_minute, &mut alerts);
        self.audit(sight, &mut alerts);
        self.space(sight, config.free_bytes, &mut alerts);
        alerts
    }

    fn grant(&mut self, known: &Known, now: i64, config: &config::Alerts, alerts: &mut Vec<Alert>) {
        let id = known.about.id;
        if known.used || known.sessions > 0 {
            self.used.insert(id);
        }
        let age = now.saturating_sub(known.since);
        let ends = known.about.expires_at;
        let expiring = config.expiring_in.map(micros).is_some_and(|before| {
            // One that is made for no longer is not told of as soon as it is made.
            ends.is_some_and(|ends| ends - now <= before && ends - known.since > before)
        });
        let old = |after: Option<Duration>| after.map(micros).is_some_and(|after| age >= after);
        let unused = old(config.unused_after) && !self.used.contains(&id);
        for (event, holds, count) in [
            (AlertEvent::Expiring, expiring, known.sessions as u64),
            (AlertEvent::LongLived, old(config.long_lived_after), seconds(age)),
            (AlertEvent::Unused, unused, seconds(age)),
        ] {
            let end = if event == AlertEvent::Expiring { ends } else { None };
            if holds && self.told.insert((event, id), end) != Some(end) {
                let grant = Some(known.about.clone());
                alerts.push(Alert { grant, count: Some(count), ..Alert::new(event, now) });
            }
        }
    }

    fn refusals(&mut self, sight: &Sight, limit: u64, alerts: &mut Vec<Alert>) {
        for (database, total) in &sight.refused {
            // One that comes later has had no refusals until then.
            let before = if self.looked { 0 } else { *total };
            let seen = self.refused.entry(database.clone()).or_insert_with(|| Refusals {
                totals: [(sight.now, before)].into(),
                told_at: None,
            });
            seen.totals.push_back((sight.now, *total));
            while seen.totals.get(1).is_some_and(|(at, _)| sight.now - at >= BURST_US) {
                seen.totals.pop_front();
            }
            let before = seen.totals.front().map_or(*total, |(_, before)| *before);
            let count = total.saturating_sub(before);
            let told = seen.told_at.is_some_and(|at| sight.now - at < AGAIN_US);
            if limit > 0 && count >= limit && !told {
                seen.told_at = Some(sight.now);
                alerts.push(Alert {
                    database: Some(database.clone()),
                    count: Some(count),
                    ..Alert::new(AlertEvent::Refusals, sight.now)
                });
            }
        }
        self.looked = true;
    }

    /// The audit log fails where a write did, and works again where one does.
    fn audit(&mut self, sight: &Sight, alerts: &mut Vec<Alert>) {
        let (failures, records) = (sight.audit_failures, sight.audit_records);
        let last = self.audit.unwrap_or(Log { failures: 0, records, failing: false });
        let mut now = Log { failures, records, ..last };
        if failures > last.failures && !last.failing {
            now.failing = true;
            alerts.push(Alert::new(AlertEvent::AuditFailing, sight.now));
        } else if last.failing && failures == last.failures && records > last.records {
            now.failing = false;
            alerts.push(Alert::new(AlertEvent::AuditRecovered, sight.now));
        }
        self.audit = Some(now);
    }

    fn space(&mut self, sight: &Sight, least: u64, alerts: &mut Vec<Alert>) {
        let Some(free) = sight.free_bytes else { return };
        if free < least && !self.nearly_full {
            self.nearly_full = true;
            let count = Some(free);
            alerts.push(Alert { count, ..Alert::new(AlertEvent::AuditNearlyFull, sight.now) });
        } else if free >= least.saturating_add(least / 4) {
            // Not with every byte that comes and goes.
            self.nearly_full = false;
        }
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn seconds(micros: i64) -> u64 {
    u64::try_from(micros / 1_000_000).unwrap_or(0)
}
