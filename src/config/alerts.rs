//! `[alerts]`: where it is told what happens, and when something is worth telling.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use hyper::Uri;
use secrecy::{ExposeSecret, SecretString};

use super::check::{Surroundings, file};
use super::database::secret;
use super::problem::nearest;
use super::read::{At, Reader, Section};
use super::units::{format_duration, parse_duration};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// Receivers of alerts, at most.
const WEBHOOKS_MAX: usize = 16;

/// `[alerts]`
#[derive(Debug, Clone)]
pub struct Alerts {
    /// Where alerts are sent; none by default.
    pub webhooks: Vec<Webhook>,
    /// `grant.expiring`: so long before a grant ends; `None`: never.
    pub expiring_in: Option<Duration>,
    /// `grant.long_lived`: a grant that is in force for so long; `None`: never.
    pub long_lived_after: Option<Duration>,
    /// `grant.unused`: a grant that nobody has used for so long; `None`: never.
    pub unused_after: Option<Duration>,
    /// `refusals.burst`: so many statements refused within a minute on one database; 0: never.
    pub refusals_per_minute: u64,
    /// `audit.nearly_full`: less free space than that for the audit log, bytes; 0: never.
    pub free_bytes: u64,
    /// Longest attempt to send one.
    pub timeout: Duration,
    /// How long it is tried again before an alert is given up.
    pub retry_for: Duration,
}

/// `[[alerts.webhooks]]`
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Where to; a secret in itself for many receivers.
    pub url: SecretString,
    /// What of it may be shown: scheme, host, port.
    pub place: String,
    /// What signs each alert.
    pub secret: Option<SecretString>,
    /// What is sent.
    pub events: BTreeSet<AlertEvent>,
    /// How it is written.
    pub format: AlertFormat,
    /// PEM roots; the platform's when absent.
    pub sslrootcert: Option<PathBuf>,
}

/// How an alert is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertFormat {
    /// Our own JSON.
    Json,
    /// As Slack's incoming webhooks take it.
    Slack,
    /// As Teams' workflows take it: an Adaptive Card.
    Teams,
}

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $usual:literal;)*) => {
        /// What alerts are about: a closed set.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum AlertEvent {
            $($(#[$doc])* $name,)*
        }

        impl AlertEvent {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The word in configuration, payloads and metrics; that of the audit record where
            /// there is one.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// Whether it is sent where a webhook doesn't say what it wants.
            #[must_use]
            pub const fn is_usual(self) -> bool {
                match self { $(Self::$name => $usual,)* }
            }
        }
    };
}

events! {
    /// Somebody asks for access.
    Requested = "grant.requested", true;
    /// An approval.
    Approved = "grant.approved", true;
    /// A request was denied.
    Denied = "grant.denied", true;
    /// Made by an operator.
    Created = "grant.created", false;
    /// Its holder has fetched the token.
    Redeemed = "grant.redeemed", false;
    /// It lasts longer, or may do more.
    Extended = "grant.extended", false;
    /// Its token was replaced.
    Rotated = "grant.rotated", false;
    /// It ends soon.
    Expiring = "grant.expiring", true;
    /// It has been in force for long.
    LongLived = "grant.long_lived", true;
    /// Nobody uses it.
    Unused = "grant.unused", true;
    /// Its time is over.
    Expired = "grant.expired", false;
    /// An operator ended it.
    Revoked = "grant.revoked", true;
    /// Its holder gave it back.
    Released = "grant.released", false;
    /// Its uses are used up.
    Exhausted = "grant.exhausted", false;
    /// Whoever asked for it withdrew the request.
    Cancelled = "grant.cancelled", false;
    /// Somebody let themselves in.
    BreakGlass = "grant.break_glass", true;
    /// That was looked at afterwards.
    Reviewed = "grant.reviewed", false;
    /// An operator ended a session.
    Killed = "session.kill", false;
    /// Many statements are refused.
    Refusals = "refusals.burst", true;
    /// The audit log can't be written: statements are refused.
    AuditFailing = "audit.failing", true;
    /// It can be written again.
    AuditRecovered = "audit.recovered", true;
    /// Its disk is nearly full.
    AuditNearlyFull = "audit.nearly_full", true;
}

impl AlertEvent {
    /// The event of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|event| event.word() == word)
    }
}

impl Webhook {
    /// Whether it is the same receiver, told in the same way.
    #[must_use]
    pub fn is_as(&self, other: &Self) -> bool {
        let exposed = |secret: &Option<SecretString>| {
            secret.as_ref().map(|secret| secret.expose_secret().to_owned())
        };
        self.url.expose_secret() == other.url.expose_secret()
            && exposed(&self.secret) == exposed(&other.secret)
            && self.events == other.events
            && self.format == other.format
            && self.sslrootcert == other.sslrootcert
    }
}

pub(super) fn alerts<'t>(
    reader: &mut Reader<'t>,
    mut section: Section<'t>,
    around: &Surroundings<'_>,
) -> Alerts {
    let tables = section.tables(reader, "webhooks");
    if tables.len() > WEBHOOKS_MAX {
        let what = format!("{} webhooks are more than {WEBHOOKS_MAX}", tables.len());
        reader.problem(section.line, &section.key("webhooks"), what, "keep the ones you need");
    }
    let mut webhooks = Vec::new();
    for table in tables {
        webhooks.extend(webhook(reader, table, around));
    }
    let alerts = Alerts {
        webhooks,
        expiring_in: period(reader, &mut section, "expiring_in", 10 * MINUTE),
        long_lived_after: period(reader, &mut section, "long_lived_after", 4 * HOUR),
        unused_after: period(reader, &mut section, "unused_after", 30 * MINUTE),
        refusals_per_minute: section.number(reader, "refusals_per_minute", 60, 0..=1_000_000_000),
        free_bytes: section.size(reader, "free_bytes", 0..=1 << 50).unwrap_or(1 << 30),
        timeout: section
            .duration(reader, "timeout", Duration::from_secs(10), MINUTE / 600..=MINUTE)
            .value,
        retry_for: section.duration(reader, "retry_for", HOUR, MINUTE / 60..=DAY).value,
    };
    section.finish(reader);
    alerts
}

/// A duration, or `"never"`.
fn period<'t>(
    reader: &mut Reader<'t>,
    section: &mut Section<'t>,
    name: &'static str,
    default: Duration,
) -> Option<Duration> {
    if section.says(name, "never") {
        section.text(reader, name);
        return None;
    }
    Some(section.duration(reader, name, default, Duration::from_secs(1)..=90 * DAY).value)
}

/// `listen.expiry_notice`: how long before the end a session is told, longest first.
pub(super) fn expiry_notice<'t>(
    reader: &mut Reader<'t>,
    section: &mut Section<'t>,
) -> Vec<Duration> {
    if !section.has_key("expiry_notice") {
        section.texts(reader, "expiry_notice");
        return vec![10 * MINUTE, 2 * MINUTE];
    }
    let mut times = Vec::new();
    for at in section.texts(reader, "expiry_notice") {
        match parse_duration(&at.value) {
            Ok(time) if (Duration::from_secs(1)..=DAY).contains(&time) => times.push(time),
            _ => {
                let what = format!("\"{}\" is not a duration from 1s to 1d", at.value);
                let usual = [10 * MINUTE, 2 * MINUTE].map(format_duration);
                let remedy = format!("for example [\"{}\", \"{}\"]", usual[0], usual[1]);
                reader.wrong(&at, what, remedy);
            }
        }
    }
    times.sort_unstable_by(|a, b| b.cmp(a));
    times.dedup();
    times
}

fn webhook<'t>(
    reader: &mut Reader<'t>,
    mut section: Section<'t>,
    around: &Surroundings<'_>,
) -> Option<Webhook> {
    let line = section.line;
    let url = secret(reader, &mut section, around, ["url", "url_env", "url_file"]);
    if url.is_none() && !["url_env", "url_file"].iter().any(|key| section.has_key(key)) {
        let remedy = "name the receiver: url = \"https://…\", or url_env, or url_file";
        reader.problem(line, &section.key("url"), "it is missing", remedy);
    }
    let key = section.key("url");
    let place = url.as_ref().and_then(|url| match place(url.expose_secret()) {
        Ok(place) => Some(place),
        Err(what) => {
            let remedy =
                "write it as https://host/path; http:// only to 127.0.0.1, [::1], localhost";
            reader.problem(line, &key, what, remedy);
            None
        }
    });
    let secret = secret(reader, &mut section, around, ["secret", "secret_env", "secret_file"]);
    let events = events_of(reader, &mut section);
    let formats =
        [("json", AlertFormat::Json), ("slack", AlertFormat::Slack), ("teams", AlertFormat::Teams)];
    let format = section.word(reader, "format", AlertFormat::Json, &formats);
    let sslrootcert = section.text(reader, "sslrootcert").map(|at| file(reader, &at, around));
    section.finish(reader);
    Some(Webhook { url: url?, place: place?, secret, events, format, sslrootcert })
}

fn events_of<'t>(reader: &mut Reader<'t>, section: &mut Section<'t>) -> BTreeSet<AlertEvent> {
    let named = section.texts(reader, "events");
    if named.is_empty() {
        return AlertEvent::ALL.iter().copied().filter(|event| event.is_usual()).collect();
    }
    let mut events = BTreeSet::new();
    for At { value, key, line } in named {
        match AlertEvent::from_word(&value) {
            Some(event) => {
                events.insert(event);
            }
            None => {
                let words = AlertEvent::ALL.iter().map(|event| event.word());
                let remedy = match nearest(&value, words.clone()) {
                    Some(near) => format!("did you mean \"{near}\"?"),
                    None => format!("possible: {}", words.collect::<Vec<_>>().join(", ")),
                };
                reader.problem(line, &key, format!("\"{value}\" is no event"), remedy);
            }
        }
    }
    events
}

/// What of a URL may be shown.
///
/// # Errors
/// Why alerts can't be sent there; the URL isn't in it.
fn place(url: &str) -> Result<String, &'static str> {
    let uri: Uri = url.parse().map_err(|_| "it is not a URL")?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err("it is not a URL with scheme and host");
    };
    if authority.as_str().contains('@') {
        return Err("a user name or password in the URL is not supported");
    }
    match scheme {
        "https" => Ok(format!("https://{authority}")),
        "http" if is_loopback(authority.host()) => Ok(format!("http://{authority}")),
        "http" => Err("http:// would send it in clear to another machine"),
        _ => Err("its scheme is neither https nor http"),
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::parse;

    fn problems(text: &str) -> String {
        let loaded = parse("proxy.toml", text, Path::new("/"), &|_| None);
        let problems: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
        problems.join("\n")
    }

    #[test]
    fn where_alerts_may_go() {
        for (url, expected) in [
            ("https://hooks.slack.com/services/T/B/x", Some("https://hooks.slack.com")),
            ("https://10.0.0.9:8443/", Some("https://10.0.0.9:8443")),
            ("http://127.0.0.1:9000/x", Some("http://127.0.0.1:9000")),
            ("http://[::1]:9000/x", Some("http://[::1]:9000")),
            ("http://localhost/x", Some("http://localhost")),
            ("http://10.0.0.9/x", None),
            ("http://localhost.evil.example/x", None),
            ("https://user:secret@host/", None),
            ("ftp://host/", None),
            ("/path", None),
            ("hooks.example.com", None),
        ] {
            assert_eq!(place(url).ok().as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn webhooks_are_read_strictly() {
        let text = "[[alerts.webhooks]]\nurl = \"https://a.example/x\"\nsecret = \"s\"\n\
                    [[alerts.webhooks]]\nurl = \"http://127.0.0.1:1/\"\nformat = \"slack\"\n\
                    events = [\"grant.break_glass\", \"audit.failing\"]\n";
        let loaded = parse("t", text, Path::new("/"), &|_| None);
        assert_eq!(loaded.problems, []);
        let [first, second] = loaded.config.alerts.webhooks.as_slice() else { panic!("two") };
        assert!(first.is_as(&first.clone()) && !first.is_as(second));
        assert!(first.events.contains(&AlertEvent::Requested));
        assert!(!first.events.contains(&AlertEvent::Created));
        assert_eq!(second.events.len(), 2);
        assert_eq!(second.format, AlertFormat::Slack);
        assert!(!format!("{first:?}").contains("/x"), "what is secret is not shown");
        for (text, expected) in [
            ("[[alerts.webhooks]]\nformat = \"slack\"", "alerts.webhooks.url: it is missing"),
            ("[[alerts.webhooks]]\nurl = \"http://h/\"", "would send it in clear"),
            (
                "[[alerts.webhooks]]\nurl = \"https://h/\"\nevents = [\"grant.revoke\"]",
                "did you mean \"grant.revoked\"?",
            ),
            ("[[alerts.webhooks]]\nurl = \"https://h/\"\nurk = 1", "unknown key"),
            ("[[alerts.webhooks]]\nurl_env = \"NOT_SET\"", "is not set"),
            ("[alerts]\nwebhooks = [\"https://h/\"]", "expected a table in the list"),
            ("[alerts]\nexpiring_in = 5", "alerts.expiring_in"),
            ("[alerts]\nexpirin_in = \"5m\"", "did you mean `expiring_in`?"),
            ("[listen]\nexpiry_notice = [\"soon\"]", "listen.expiry_notice"),
        ] {
            let found = problems(text);
            assert!(found.contains(expected), "{expected:?} in {found:?}");
            assert!(!found.contains("//h/"), "{found}");
        }
        let loaded = parse(
            "t",
            "[listen]\nexpiry_notice = []\n[alerts]\nexpiring_in = \"never\"",
            Path::new("/"),
            &|_| None,
        );
        assert!(loaded.config.listen.expiry_notice.is_empty());
        assert_eq!(loaded.config.alerts.expiring_in, None);
    }
}
