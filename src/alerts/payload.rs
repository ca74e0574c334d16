//! What a receiver is sent: our own JSON, or what Slack and Teams take. Texts of people stand
//! only where neither reads them as markup.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{About, Alert};
use crate::config::{AlertEvent, AlertFormat, format_duration, format_size};

/// An alert made ready: the same for every receiver, and for every attempt.
#[derive(Debug)]
pub(super) struct Letter {
    alert: Alert,
    key: String,
    /// Names it: a receiver that has it already can tell.
    id: String,
    node: String,
}

impl Letter {
    pub(super) fn new(alert: Alert, node: &str) -> Self {
        let (key, id) = (alert.key(), format!("a_{}", uuid::Uuid::now_v7().simple()));
        Self { alert, key, id, node: node.to_owned() }
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) const fn kind(&self) -> AlertEvent {
        self.alert.event
    }

    pub(super) const fn event(&self) -> &'static str {
        self.alert.event.word()
    }

    /// The body in that format.
    pub(super) fn body(&self, format: AlertFormat) -> Value {
        match format {
            AlertFormat::Json => self.json(),
            AlertFormat::Slack => self.slack(),
            AlertFormat::Teams => self.teams(),
        }
    }

    fn json(&self) -> Value {
        let alert = &self.alert;
        let mut body = json!({
            "v": 1,
            "id": self.id,
            "event": self.event(),
            "time": time(alert.at),
            "node": self.node,
            "summary": self.summary(),
        });
        let mut put = |key: &str, value: Option<Value>| {
            if let (Some(body), Some(value)) = (body.as_object_mut(), value) {
                body.insert(key.to_owned(), value);
            }
        };
        put("actor", alert.actor.clone().map(Value::from));
        put("database", alert.database.clone().map(Value::from));
        put("detail", alert.detail.clone().map(Value::from));
        put("count", alert.count.map(Value::from));
        if let Some(grant) = &alert.grant {
            put("grant_id", Some(grant.id.to_string().into()));
            put("user", Some(grant.user.clone().into()));
            put("database", Some(grant.database.clone().into()));
            put("scopes", Some(grant.scopes.clone().into()));
            put("reason", Some(grant.reason.clone().into()));
            put("ticket", grant.ticket.clone().map(Value::from));
            put("expires_at", grant.expires_at.map(|at| time(at).into()));
            put("revision", (grant.revision > 0).then(|| grant.revision.into()));
        }
        put("next", self.next().map(Value::from));
        body
    }

    /// <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>: blocks, with
    /// `text` for notifications, in which `&`, `<` and `>` must be escaped.
    fn slack(&self) -> Value {
        let plain = |text: &str| json!({ "type": "plain_text", "text": text, "emoji": false });
        let lines: Vec<String> =
            self.facts().iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let mut blocks = vec![json!({ "type": "section", "text": plain(&self.summary()) })];
        if !lines.is_empty() {
            let text: String = lines.join("\n").chars().take(2_900).collect();
            blocks.push(json!({ "type": "section", "text": plain(&text) }));
        }
        blocks.push(json!({ "type": "context", "elements": [plain(&self.origin())] }));
        let summary = self.summary();
        let text = summary.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        json!({ "text": text, "blocks": blocks })
    }

    /// An Adaptive Card in a message, as the workflow "Post to a channel when a webhook request is
    /// received" takes it. Text runs are not read as Markdown, text blocks would be.
    fn teams(&self) -> Value {
        let run = |text: &str, bold: bool| {
            let weight = if bold { "Bolder" } else { "Default" };
            json!({ "type": "RichTextBlock", "inlines":
                [{ "type": "TextRun", "text": text, "weight": weight }] })
        };
        let mut body = vec![run(&self.summary(), true)];
        for (name, value) in self.facts() {
            body.push(run(&format!("{name}: {value}"), false));
        }
        body.push(run(&self.origin(), false));
        json!({ "type": "message", "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": body,
            },
        }] })
    }

    fn origin(&self) -> String {
        format!("pgward on {}, {}, {}", self.node, time(self.alert.at), self.event())
    }

    /// One sentence.
    fn summary(&self) -> String {
        let alert = &self.alert;
        let by = alert.actor.as_deref().unwrap_or("pgward");
        let detail = alert.detail.as_deref().unwrap_or_default();
        let count = alert.count.unwrap_or(0);
        let what = alert.grant.as_ref().map(of).unwrap_or_default();
        match alert.event {
            AlertEvent::Requested => match detail.strip_prefix("extension: ") {
                Some(more) => format!("{by} asks to extend {what}: {more}"),
                None => match detail.strip_prefix("changed: ") {
                    Some(more) => format!("{by} asks for something else, {what}: {more}"),
                    None => format!("{by} asks for {what}"),
                },
            },
            AlertEvent::Approved if detail.starts_with("extension") => {
                format!("{by} approved an extension of {what}")
            }
            AlertEvent::Approved => format!("{by} approved {what}"),
            AlertEvent::Denied if detail.starts_with("extension") => {
                format!("{by} denied an extension of {what}")
            }
            AlertEvent::Denied => format!("{by} denied {what}"),
            AlertEvent::Created => format!("{by} made {what}"),
            AlertEvent::Redeemed => format!("{by} redeemed {what}"),
            AlertEvent::Extended => format!("{by} extended {what}"),
            AlertEvent::Rotated => format!("{by} replaced the token of {what}"),
            AlertEvent::Expiring => {
                let sessions = plural(count, "open session");
                format!("{what} ends {}; {sessions}", self.left())
            }
            AlertEvent::LongLived => format!("{what} has been in force for {}", length(count)),
            AlertEvent::Unused => format!("nobody has used {what} for {}", length(count)),
            AlertEvent::Expired => format!("{what} expired"),
            AlertEvent::Revoked => format!("{by} revoked {what}"),
            AlertEvent::Released => format!("{by} released {what}"),
            AlertEvent::Exhausted => format!("{what} is used up"),
            AlertEvent::Cancelled => format!("{by} withdrew {what}"),
            AlertEvent::BreakGlass => format!("BREAK-GLASS: {by} took {what}"),
            AlertEvent::Reviewed => format!("{by} reviewed {what}"),
            AlertEvent::Killed => format!("{by} ended a session of {what}"),
            AlertEvent::Refusals => {
                let database = alert.database.as_deref().unwrap_or_default();
                format!("{} refused on {database} within a minute", plural(count, "statement"))
            }
            AlertEvent::AuditFailing => {
                format!("the audit log can't be written: statements are refused {detail}")
            }
            AlertEvent::AuditRecovered => "the audit log can be written again".to_owned(),
            AlertEvent::AuditNearlyFull => {
                format!("only {} are left for the audit log", bytes(count))
            }
        }
        .trim_end()
        .to_owned()
    }

    fn left(&self) -> String {
        let ends = self.alert.grant.as_ref().and_then(|grant| grant.expires_at);
        let left = ends.map_or(0, |ends| ends.saturating_sub(self.alert.at) / 1_000_000);
        format!("in {}", length(u64::try_from(left).unwrap_or(0)))
    }

    /// What stands under the sentence.
    fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = Vec::new();
        if let Some(grant) = &self.alert.grant {
            facts.push(("grant", grant.id.to_string()));
            facts.push(("person", grant.user.clone()));
            facts.push(("database", grant.database.clone()));
            let scopes = grant.scopes.join(" ");
            facts.push(("scopes", if scopes.is_empty() { "read-only".to_owned() } else { scopes }));
            facts.push(("reason", grant.reason.clone()));
            facts.extend(grant.ticket.clone().map(|ticket| ("ticket", ticket)));
            facts.extend(grant.expires_at.map(|at| ("ends", time(at))));
        }
        facts.extend(self.alert.detail.clone().map(|detail| ("detail", detail)));
        facts.extend(self.next().map(|next| ("next", next)));
        facts
    }

    /// The command that comes next.
    fn next(&self) -> Option<String> {
        let id = self.alert.grant.as_ref().map(|grant| grant.id);
        let of_grant = |verb: &str| id.map(|id| format!("pgward {verb} {id}"));
        match self.alert.event {
            AlertEvent::Requested => self.alert.grant.as_ref().map(|grant| {
                format!("pgward grant approve {} --revision {}", grant.id, grant.revision)
            }),
            AlertEvent::Expiring => of_grant("grant extend").map(|command| command + " --ttl 30m"),
            AlertEvent::LongLived | AlertEvent::Unused => of_grant("grant revoke"),
            AlertEvent::BreakGlass => of_grant("audit replay"),
            AlertEvent::Refusals => {
                let database = self.alert.database.as_deref().unwrap_or_default();
                Some(format!(
                    "pgward audit search --decision refused --since 5m --database {database}"
                ))
            }
            _ => None,
        }
    }
}

/// A grant in a sentence.
fn of(grant: &About) -> String {
    let can = if grant.scopes.is_empty() { "read access" } else { "write access" };
    let About { id, user, database, .. } = grant;
    format!("{can} of {user} to {database} ({id})")
}

/// `X-Pgward-Signature`: HMAC-SHA256 over `<timestamp>.<body>`, hexadecimal.
pub(super) fn signature(secret: &[u8], timestamp: &str, body: &[u8]) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    let digest = data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes());
    Some(format!("v1={digest}"))
}

fn time(micros: i64) -> String {
    let seconds = micros.div_euclid(1_000_000);
    jiff::Timestamp::from_second(seconds).map_or_else(|_| String::new(), |time| time.to_string())
}

/// Seconds in words, to the minute where there are any.
fn length(seconds: u64) -> String {
    let rounded = if seconds < 60 { seconds } else { seconds / 60 * 60 };
    format_duration(std::time::Duration::from_secs(rounded))
}

fn bytes(count: u64) -> String {
    let unit = if count >= 1 << 20 { 1 << 20 } else { 1 };
    format_size(count / unit * unit)
}

fn plural(count: u64, thing: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{s}")
}
