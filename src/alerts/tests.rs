//! Alerts as receivers see them: real sockets, a receiver that is slow, dead, or answers 500.

use std::collections::VecDeque;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::outbox::{Pace, QUEUE_MAX};
use super::payload::{Letter, signature};
use super::watch::{Known, Sight, Watch};
use super::*;
use crate::config::{AlertFormat, Webhook};

const NOW: i64 = 1_795_172_584_000_000;
const HOUR: i64 = 3_600_000_000;

fn about() -> About {
    About {
        id: GrantId::from_random(9),
        user: "alice".to_owned(),
        database: "app".to_owned(),
        scopes: vec!["update:public.orders".to_owned()],
        reason: "INC-4211 <!channel> [stuck](https://evil.example) *orders*".to_owned(),
        ticket: Some("INC-4211".to_owned()),
        expires_at: Some(NOW + HOUR),
        revision: 2,
    }
}

fn alert(event: AlertEvent, detail: &str) -> Alert {
    Alert {
        grant: Some(about()),
        actor: Some("os:dana".to_owned()),
        detail: Some(detail.to_owned()),
        ..Alert::new(event, NOW)
    }
}

#[test]
fn a_request_that_is_changed_back_is_told_of_again() {
    let first = alert(AlertEvent::Requested, "changed: for 1h, was 30m");
    let again = About { revision: 4, ..about() };
    let again = Alert { grant: Some(again), ..first.clone() };
    assert_eq!(first.key(), first.clone().key());
    assert_ne!(first.key(), again.key());
}

fn config(text: &str) -> config::Alerts {
    let loaded = config::parse("t", text, std::path::Path::new("/"), &|_| None);
    assert_eq!(loaded.problems, []);
    loaded.config.alerts
}

fn webhook(port: u16) -> Webhook {
    let text = format!(
        "[[alerts.webhooks]]\nurl = \"http://127.0.0.1:{port}/hook?x=1\"\nsecret = \"s3cret\"\n"
    );
    config(&text).webhooks.remove(0)
}

/// A request as it came.
#[derive(Debug)]
struct Got {
    head: String,
    body: Vec<u8>,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        let lines = self.head.lines();
        let mut found = lines.filter_map(|line| line.split_once(": "));
        found.find(|(key, _)| key.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Answers with these statuses, the last one for ever; 0 is no answer at all.
async fn receiver(statuses: &[u16]) -> (u16, mpsc::UnboundedReceiver<Got>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = mpsc::unbounded_channel();
    let mut statuses: VecDeque<u16> = statuses.iter().copied().collect();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = Vec::new();
            let got = loop {
                let mut chunk = [0; 4096];
                let read = stream.read(&mut chunk).await.unwrap_or(0);
                bytes.extend_from_slice(&chunk[..read]);
                let text = String::from_utf8_lossy(&bytes).into_owned();
                if let Some((head, _)) = text.split_once("\r\n\r\n") {
                    let (head, body) = (head.to_owned(), bytes[head.len() + 4..].to_vec());
                    let got = Got { head, body };
                    if got.body.len() >= got.header("content-length").parse().unwrap_or(0) {
                        break got;
                    }
                }
                assert!(read > 0, "cut off: {text}");
            };
            let status = statuses.pop_front().unwrap_or(500);
            if statuses.is_empty() {
                statuses.push_back(status);
            }
            let _ = tell.send(got);
            if status == 0 {
                held.push(stream);
                continue;
            }
            let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 2\r\n\r\nok");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (port, told)
}

/// A courier with its task; tries again at once.
fn courier(webhook: &Webhook, give_up_after: Duration) -> (Arc<Courier>, Arc<Metrics>) {
    let metrics = Arc::new(Metrics::new().unwrap());
    let pace =
        Pace { first: Duration::from_millis(1), longest: Duration::from_millis(5), give_up_after };
    let config = config("[alerts]\ntimeout = \"2s\"");
    let courier = Courier::paced(webhook, &config, pace, Arc::clone(&metrics)).unwrap();
    let courier = Arc::new(courier);
    tokio::spawn(Arc::clone(&courier).run());
    (courier, metrics)
}

fn letter(alert: Alert) -> Arc<Letter> {
    Arc::new(Letter::new(alert.tidied(), "gate-1"))
}

async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..6_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not within a minute: {what}");
}

fn says(metrics: &Metrics, line: &str) -> bool {
    metrics.render().lines().any(|found| found == line)
}

#[tokio::test]
async fn an_alert_arrives_signed() {
    let (port, mut told) = receiver(&[200]).await;
    let (courier, metrics) = courier(&webhook(port), Duration::from_secs(60));
    courier.take(&letter(alert(AlertEvent::Requested, "for tonight")));
    let got = told.recv().await.unwrap();
    assert!(got.head.starts_with("POST /hook?x=1 HTTP/1.1"), "{}", got.head);
    assert_eq!(got.header("x-pgward-event"), "grant.requested");
    assert_eq!(got.header("content-type"), "application/json");
    let expected = signature(b"s3cret", got.header("x-pgward-timestamp"), &got.body).unwrap();
    assert_eq!(got.header("x-pgward-signature"), expected);
    let body = got.json();
    assert_eq!(body["id"], got.header("x-pgward-delivery"));
    for (key, expected) in [
        ("event", "grant.requested"),
        ("time", "2026-11-20T11:03:04Z"),
        ("node", "gate-1"),
        ("grant_id", "g_0000000009"),
        ("user", "alice"),
        ("database", "app"),
        ("actor", "os:dana"),
        ("ticket", "INC-4211"),
        ("detail", "for tonight"),
        ("expires_at", "2026-11-20T12:03:04Z"),
        ("next", "pgward grant approve g_0000000009 --revision 2"),
        ("summary", "os:dana asks for write access of alice to app (g_0000000009)"),
    ] {
        assert_eq!(body[key], expected, "{key}");
    }
    let line = r#"pgward_alerts_total{event="grant.requested",result="delivered"} 1"#;
    eventually("counted", || says(&metrics, line) && says(&metrics, "pgward_alerts_queue 0")).await;
}

#[test]
fn an_extension_is_told_from_a_grant() {
    let of = "write access of alice to app (g_0000000009)";
    for (event, detail, expected) in [
        (
            AlertEvent::Requested,
            "extension: insert:public.log",
            format!("os:dana asks to extend {of}: insert:public.log"),
        ),
        (
            AlertEvent::Approved,
            "extension, 1 of 2 approvals: 30m",
            format!("os:dana approved an extension of {of}"),
        ),
        (
            AlertEvent::Denied,
            "extension: 30m; denied by os:dana",
            format!("os:dana denied an extension of {of}"),
        ),
        (AlertEvent::Denied, "denied by os:dana", format!("os:dana denied {of}")),
    ] {
        let body = Letter::new(alert(event, detail), "gate-1").body(AlertFormat::Json);
        assert_eq!(body["summary"], expected, "{detail}");
    }
}

#[test]
fn signatures_are_hmac_sha256() {
    // printf '1795172584.{}' | openssl dgst -sha256 -hmac key
    let expected = "v1=b9dd5a1fa5115ddcfcff2526b004101e76a0cc2d9d37330e65a48bbfe33e9c13";
    assert_eq!(signature(b"key", "1795172584", b"{}").unwrap(), expected);
    assert_ne!(signature(b"kez", "1795172584", b"{}").unwrap(), expected);
    assert_ne!(signature(b"key", "1795172585", b"{}").unwrap(), expected);
    assert_ne!(signature(b"key", "1795172584", b"{ }").unwrap(), expected);
}

#[tokio::test]
async fn the_same_is_sent_once_and_only_what_is_wanted() {
    let (port, mut told) = receiver(&[204]).await;
    let mut webhook = webhook(port);
    webhook.events = [AlertEvent::Revoked, AlertEvent::BreakGlass].into();
    let (courier, metrics) = courier(&webhook, Duration::from_secs(60));
    courier.take(&letter(alert(AlertEvent::Approved, "x")));
    for _ in 0..3 {
        courier.take(&letter(alert(AlertEvent::Revoked, "x")));
    }
    courier.take(&letter(alert(AlertEvent::BreakGlass, "x")));
    assert_eq!(told.recv().await.unwrap().header("x-pgward-event"), "grant.revoked");
    assert_eq!(told.recv().await.unwrap().header("x-pgward-event"), "grant.break_glass");
    let line = r#"pgward_alerts_total{event="grant.revoked",result="duplicate"} 2"#;
    eventually("counted", || says(&metrics, line)).await;
    assert!(!metrics.render().contains("grant.approved"));
    assert!(told.try_recv().is_err());
}

#[tokio::test]
async fn what_fails_is_tried_again_and_arrives_in_order() {
    // 500 for a while, no answer, a redirect (which is not followed), and then it is well.
    let mut statuses = vec![500; 20];
    statuses.extend([0, 302, 503, 429, 200]);
    let (port, mut told) = receiver(&statuses).await;
    let (courier, metrics) = courier(&webhook(port), Duration::from_secs(300));
    for n in 0..50 {
        courier.take(&letter(alert(AlertEvent::Denied, &n.to_string())));
    }
    let mut arrived: Vec<String> = Vec::new();
    while arrived.len() < 50 {
        let got = told.recv().await.unwrap();
        let detail = got.json()["detail"].as_str().unwrap().to_owned();
        // The attempts that failed were all at the first.
        if arrived.last() != Some(&detail) {
            arrived.push(detail);
        }
    }
    assert_eq!(arrived, (0..50).map(|n| n.to_string()).collect::<Vec<_>>());
    let line = r#"pgward_alerts_total{event="grant.denied",result="delivered"} 50"#;
    eventually("all are delivered", || says(&metrics, line)).await;
    assert!(says(&metrics, "pgward_alerts_queue 0"));
    let text = metrics.render();
    for cause in ["timeout", "status"] {
        let line = format!("pgward_alert_delivery_failures_total{{cause=\"{cause}\"}}");
        assert!(text.contains(&line), "{cause}");
    }
}

#[tokio::test]
async fn a_dead_receiver_costs_what_is_stated_and_no_more() {
    // A port of ours where nobody listens yet.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = socket.local_addr().unwrap().port();
    let (courier, metrics) = courier(&webhook(port), Duration::from_secs(3_600));
    let total = QUEUE_MAX + 250;
    for n in 0..total {
        courier.take(&letter(alert(AlertEvent::Revoked, &n.to_string())));
    }
    let dropped = r#"pgward_alerts_total{event="grant.revoked",result="dropped"} 250"#;
    assert!(says(&metrics, dropped), "{}", metrics.render());
    assert!(says(&metrics, &format!("pgward_alerts_queue {QUEUE_MAX}")));
    eventually("it is tried", || metrics.render().contains("{cause=\"connect\"}")).await;
    // It comes back on the same port: everything that was kept arrives.
    let listener = socket.listen(1_024).unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = [0; 8192];
            let _ = stream.read(&mut bytes).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
        }
    });
    let delivered =
        format!("pgward_alerts_total{{event=\"grant.revoked\",result=\"delivered\"}} {QUEUE_MAX}");
    eventually("all that was kept is delivered", || says(&metrics, &delivered)).await;
}

#[tokio::test]
async fn what_is_given_up_is_counted() {
    let (port, _told) = receiver(&[500]).await;
    let (courier, metrics) = courier(&webhook(port), Duration::from_millis(50));
    for n in 0..5 {
        courier.take(&letter(alert(AlertEvent::Revoked, &n.to_string())));
    }
    let line = r#"pgward_alerts_total{event="grant.revoked",result="given_up"} 5"#;
    eventually("given up", || says(&metrics, line)).await;
    assert!(says(&metrics, "pgward_alerts_queue 0"));
}

#[tokio::test]
async fn raising_never_waits_and_a_reload_keeps_what_waits() {
    let (port, mut told) = receiver(&[0]).await;
    let metrics = Arc::new(Metrics::new().unwrap());
    let text = format!("[[alerts.webhooks]]\nurl = \"http://127.0.0.1:{port}/\"\n");
    let alerts = Alerts::start(&config(&text), "gate-1", Arc::clone(&metrics)).unwrap();
    // The receiver takes the first and never answers. Nothing of this is awaited.
    for n in 0..100 {
        alerts.raise(alert(AlertEvent::Revoked, &n.to_string()));
    }
    assert!(says(&metrics, "pgward_alerts_queue 100"));
    told.recv().await.unwrap();
    alerts.reload(&config(&text)).unwrap();
    assert!(says(&metrics, "pgward_alerts_queue 100"));
    alerts.reload(&config("")).unwrap();
    assert!(says(&metrics, "pgward_alerts_queue 0"));
    assert!(says(&metrics, r#"pgward_alerts_total{event="grant.revoked",result="dropped"} 100"#));
    assert!(says(&metrics, r#"pgward_alerts_raised_total{event="grant.revoked"} 100"#));
}

#[tokio::test]
async fn tls_is_verified() {
    let signed = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let roots = directory.path().join("ca.pem");
    std::fs::write(&roots, signed.cert.pem()).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(signed.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(server));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut bytes = [0; 8192];
            let _ = stream.read(&mut bytes).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
            let _ = stream.flush().await;
        }
    });
    let mut hook = webhook(1);
    hook.url = SecretString::from(format!("https://localhost:{port}/"));
    let letter = letter(alert(AlertEvent::Revoked, "x"));
    for (roots, host, expected) in [
        (Some(&roots), "localhost", "Ok(())"),
        (Some(&roots), "127.0.0.1", "Tls"),
        (None, "localhost", "Tls"),
    ] {
        hook.sslrootcert = roots.cloned();
        hook.url = SecretString::from(format!("https://{host}:{port}/"));
        let target = super::send::Target::new(&hook, Duration::from_secs(30)).unwrap();
        let result = format!("{:?}", target.send(&letter, 1).await);
        assert!(result.contains(expected), "{host}: {result}");
    }
    hook.sslrootcert = Some(directory.path().join("none.pem"));
    assert!(super::send::Target::new(&hook, Duration::from_secs(1)).is_err());
}

#[test]
fn slack_and_teams_take_it_and_read_no_markup_in_it() {
    let letter = Letter::new(alert(AlertEvent::BreakGlass, "<b>"), "gate-1");
    let slack = letter.body(AlertFormat::Slack);
    let text = slack["text"].as_str().unwrap();
    assert!(text.starts_with("BREAK-GLASS: os:dana took write access of alice"), "{text}");
    let blocks = slack["blocks"].as_array().unwrap();
    assert!(blocks.len() == 3 && blocks.len() <= 50);
    for block in blocks {
        let kind = block["type"].as_str().unwrap();
        let text = if kind == "context" { &block["elements"][0] } else { &block["text"] };
        assert_eq!(text["type"], "plain_text", "{block}");
        assert!(text["text"].as_str().unwrap().len() <= 3_000);
    }
    let facts = blocks[1]["text"]["text"].as_str().unwrap();
    assert!(facts.contains("reason: INC-4211 <!channel>"), "{facts}");

    let teams = letter.body(AlertFormat::Teams);
    assert_eq!(teams["type"], "message");
    let card = &teams["attachments"][0];
    assert_eq!(card["contentType"], "application/vnd.microsoft.card.adaptive");
    assert_eq!(card["content"]["type"], "AdaptiveCard");
    let body = card["content"]["body"].as_array().unwrap();
    assert!(body.iter().all(|block| block["type"] == "RichTextBlock"
        && block["inlines"][0]["type"] == "TextRun"
        && block["inlines"][0]["text"].is_string()));
    assert!(teams.to_string().contains("pgward audit replay g_0000000009"));
    // Every event has its sentence.
    for &event in AlertEvent::ALL {
        let mut bare = Alert::new(event, NOW);
        bare.count = Some(5);
        for alert in [bare.clone(), Alert { grant: Some(about()), ..bare }] {
            let body = Letter::new(alert, "n").body(AlertFormat::Json);
            assert!(body["summary"].as_str().unwrap().len() > 5, "{body}");
        }
    }
}

#[test]
fn no_token_leaves() {
    let token = crate::auth::token::Token::generate(GrantId::from_random(9), [7; 17]);
    let mut alert = alert(AlertEvent::Requested, &format!("my token is {}", token.expose()));
    let grant = alert.grant.as_mut().unwrap();
    grant.reason = format!("{}\n{}", token.expose(), "é".repeat(2_000));
    grant.scopes = vec!["update:public.t".to_owned(); 500];
    let letter = Letter::new(alert.tidied(), "gate-1");
    for format in [AlertFormat::Json, AlertFormat::Slack, AlertFormat::Teams] {
        let body = letter.body(format).to_string();
        assert!(!body.contains(token.expose()), "{body}");
        assert!(body.len() < 20_000, "{}", body.len());
    }
}

fn known(age_hours: i64, ends_in: i64) -> Known {
    let about = About { expires_at: Some(NOW + ends_in), ..about() };
    Known { about, since: NOW - age_hours * HOUR, sessions: 0, used: false }
}

fn words(alerts: &[Alert]) -> Vec<&'static str> {
    alerts.iter().map(|alert| alert.event.word()).collect()
}

#[test]
fn grants_are_watched() {
    let (config, minute) = (config(""), HOUR / 60);
    let mut watch = Watch::default();
    let mut look = |known: Known, now: i64| {
        words(&watch.look(&Sight { now, grants: vec![known], ..Sight::default() }, &config))
    };
    assert!(look(known(0, 8 * HOUR), NOW).is_empty());
    assert_eq!(look(known(0, 8 * HOUR), NOW + 30 * minute), ["grant.unused"]);
    assert!(look(known(0, 8 * HOUR), NOW + 31 * minute).is_empty(), "once");
    assert_eq!(look(known(4, 8 * HOUR), NOW), ["grant.long_lived"]);
    assert_eq!(look(known(4, 10 * minute), NOW), ["grant.expiring"]);
    assert!(look(known(4, 10 * minute), NOW + minute).is_empty(), "the same end");
    // It was extended: the new end is told of when it comes near.
    assert!(look(known(4, 5 * HOUR), NOW).is_empty());
    assert_eq!(look(known(4, 5 * HOUR), NOW + 5 * HOUR - minute), ["grant.expiring"]);
    // Used once, and never unused again.
    let mut watch = Watch::default();
    let mut look = |known: Known, now: i64| {
        words(&watch.look(&Sight { now, grants: vec![known], ..Sight::default() }, &config))
    };
    assert!(look(Known { sessions: 1, ..known(0, 8 * HOUR) }, NOW).is_empty());
    assert!(look(known(0, 8 * HOUR), NOW + HOUR).is_empty());
    // Made for five minutes: not told of as soon as it is made.
    assert!(look(Known { since: NOW, ..known(0, 5 * minute) }, NOW).is_empty());
}

#[test]
fn bursts_of_refusals_are_seen() {
    let config = config("[alerts]\nrefusals_per_minute = 10");
    let (mut watch, second) = (Watch::default(), 1_000_000);
    let mut look = |at: i64, total: u64| {
        let refused = vec![("app".to_owned(), total), ("other".to_owned(), 5)];
        let sight = Sight { now: NOW + at * second, refused, ..Sight::default() };
        watch.look(&sight, &config).iter().map(|alert| alert.count.unwrap()).collect::<Vec<_>>()
    };
    // What was counted before the first look is no burst.
    assert!(look(0, 500).is_empty());
    // Slowly: nine a minute.
    for minute in 1..5 {
        assert!(look(minute * 60, 500 + 9 * minute.unsigned_abs()).is_empty());
    }
    assert_eq!(look(250, 550), [23]);
    assert!(look(251, 650).is_empty(), "told a moment ago");
    assert_eq!(look(250 + 600, 900), [250]);
    // A database whose first refusals come all at once.
    let mut watch = Watch::default();
    let mut look = |refused: Vec<(String, u64)>| {
        watch.look(&Sight { now: NOW, refused, ..Sight::default() }, &config).len()
    };
    assert_eq!((look(Vec::new()), look(vec![("app".to_owned(), 10)])), (0, 1));
}

#[test]
fn the_audit_log_is_watched() {
    let (config, mut watch) = (config(""), Watch::default());
    let mut look = |audit_failures, audit_records, free: u64| {
        let free_bytes = Some(free << 20);
        let sight =
            Sight { now: NOW, audit_failures, audit_records, free_bytes, ..Sight::default() };
        words(&watch.look(&sight, &config))
    };
    assert!(look(0, 10, 5_000).is_empty());
    assert_eq!(look(3, 10, 5_000), ["audit.failing"]);
    assert!(look(9, 10, 5_000).is_empty());
    assert!(look(9, 10, 5_000).is_empty(), "nobody tried");
    assert_eq!(look(9, 11, 5_000), ["audit.recovered"]);
    assert_eq!(look(9, 12, 1_023), ["audit.nearly_full"]);
    assert!(look(9, 12, 1_100).is_empty() && look(9, 12, 1_000).is_empty());
    assert!(look(9, 12, 1_300).is_empty());
    assert_eq!(look(9, 12, 1_000), ["audit.nearly_full"]);
}
