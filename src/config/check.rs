//! From what is written to what is true: defaults filled in, everything checked, every problem
//! reported at once.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::read::{At, Reader, Section};
use super::{
    Audit, AuditParameters, AuditSync, ClientAuth, Config, Limits, Listen, ListenTls, LoginNotice,
    Metrics, ParserDisagreement, Policy, Store,
};
use super::{database, people};
use crate::base::limits::LARGE_MESSAGE_BYTES_MAX;
use crate::policy::functions::Functions;

/// A millisecond: below it a timeout means nothing.
const SHORTEST: Duration = Duration::from_millis(1);

/// Longest timeout that PostgreSQL takes in milliseconds as a 32-bit integer (`guc.h`).
const TIMEOUT_MAX: Duration = Duration::from_secs(24 * 24 * 3_600);

/// Longest TTL that may be configured: access that outlives a quarter isn't temporary.
pub(super) const TTL_MAX: Duration = Duration::from_secs(90 * 24 * 3_600);

pub(super) const HOUR: Duration = Duration::from_secs(3_600);
pub(super) const MINUTE: Duration = Duration::from_secs(60);

/// Where relative paths and environment variables are looked up.
pub(super) struct Surroundings<'a> {
    /// The configuration file's folder.
    pub(super) folder: &'a Path,
    /// The environment.
    pub(super) env: &'a dyn Fn(&str) -> Option<String>,
}

impl Surroundings<'_> {
    /// A path of the file, made independent of the working directory.
    pub(super) fn path(&self, written: &str) -> PathBuf {
        self.folder.join(written)
    }
}

/// Reads the whole file.
pub(super) fn config<'t>(
    reader: &mut Reader<'t>,
    mut root: Section<'t>,
    around: &Surroundings<'_>,
) -> Config {
    let section = root.table(reader, "listen");
    let listen = listen(reader, section, around);
    let section = root.table(reader, "databases");
    let databases = database::all(reader, &section, around);
    let section = root.table(reader, "roles");
    let roles = people::roles(reader, &section);
    let section = root.table(reader, "store");
    let store = store(reader, section, around);
    let section = root.table(reader, "policy");
    let policy = policy(reader, section);
    let section = root.table(reader, "limits");
    let limits = limits(reader, section);
    let section = root.table(reader, "audit");
    let audit = audit(reader, section, around);
    let section = root.table(reader, "admin");
    let admin = people::admin(reader, section, around);
    let section = root.table(reader, "metrics");
    let metrics = metrics(reader, section, listen.address);
    let section = root.table(reader, "alerts");
    let alerts = super::alerts::alerts(reader, section, around);
    root.finish(reader);
    Config { listen, databases, roles, store, policy, limits, audit, admin, metrics, alerts }
}

fn listen<'t>(
    reader: &mut Reader<'t>,
    mut section: Section<'t>,
    around: &Surroundings<'_>,
) -> Listen {
    let written = section.text_or(reader, "address", "127.0.0.1:6432");
    let address = address(reader, &written).unwrap_or(([127, 0, 0, 1], 6432).into());
    let tls_section = section.table(reader, "tls");
    let wants_tls = tls_section.is_present();
    let tls = listen_tls(reader, tls_section, around);
    let allow_plaintext = section.boolean(reader, "allow_plaintext", false);
    if !address.ip().is_loopback() && !wants_tls && !allow_plaintext {
        let what =
            format!("{address} is not loopback, and without TLS tokens and rows travel in clear");
        let remedy = "set listen.tls.certificate and listen.tls.key, listen on 127.0.0.1, or set \
                      listen.allow_plaintext = true";
        reader.wrong(&written, what, remedy);
    }
    let listen = Listen {
        address,
        tls,
        allow_plaintext,
        max_sessions: count(section.number(reader, "max_sessions", 1_000, 1..=1_000_000)),
        login_timeout: section
            .duration(reader, "login_timeout", Duration::from_secs(10), MINUTE / 600..=10 * MINUTE)
            .value,
        login_notice: section.word(
            reader,
            "login_notice",
            LoginNotice::Interactive,
            &[
                ("interactive", LoginNotice::Interactive),
                ("always", LoginNotice::Always),
                ("never", LoginNotice::Never),
            ],
        ),
        expiry_notice: super::alerts::expiry_notice(reader, &mut section),
        auth: section.word(
            reader,
            "auth",
            ClientAuth::Scram,
            &[("scram", ClientAuth::Scram), ("scram-or-password", ClientAuth::ScramOrPassword)],
        ),
        drain_timeout: section
            .duration(reader, "drain_timeout", Duration::from_secs(30), SHORTEST..=24 * HOUR)
            .value,
    };
    section.finish(reader);
    listen
}

pub(super) fn listen_tls<'t>(
    reader: &mut Reader<'t>,
    mut section: Section<'t>,
    around: &Surroundings<'_>,
) -> Option<ListenTls> {
    let certificate = section.text(reader, "certificate");
    let key = section.text(reader, "key");
    let client_ca = section.text(reader, "client_ca");
    let wanted = section.is_present();
    for (name, value) in [("certificate", &certificate), ("key", &key)] {
        if wanted && value.is_none() {
            let (certificate, key) = (section.key("certificate"), section.key("key"));
            let remedy = format!("TLS needs both {certificate} and {key}, PEM files");
            reader.problem(section.line, &section.key(name), "it is missing", remedy);
        }
    }
    section.finish(reader);
    let client_ca = client_ca.map(|at| file(reader, &at, around));
    let certificate = certificate.map(|at| file(reader, &at, around));
    let key = key.map(|at| file(reader, &at, around));
    Some(ListenTls { certificate: certificate?, key: key?, client_ca })
}

fn store<'t>(
    reader: &mut Reader<'t>,
    mut section: Section<'t>,
    around: &Surroundings<'_>,
) -> Store {
    let url = section.text_or(reader, "url", "sqlite:pgward.db");
    section.finish(reader);
    let remedy = "write \"sqlite:\" and a path, such as \"sqlite:pgward.db\"";
    let path = match url.value.strip_prefix("sqlite:") {
        Some(path) if !path.is_empty() && !path.contains(['\0', '?']) => path,
        Some(_) => {
            reader.wrong(&url, "the path of the SQLite file is missing or malformed", remedy);
            "pgward.db"
        }
        None if url.value.starts_with("postgres") => {
            let what = "grants in PostgreSQL, shared by many servers, are not supported yet";
            reader.wrong(&url, what, remedy);
            "pgward.db"
        }
        None => {
            reader.wrong(&url, format!("\"{}\" is not the URL of a store", url.value), remedy);
            "pgward.db"
        }
    };
    Store { path: around.path(path) }
}

fn policy<'t>(reader: &mut Reader<'t>, mut section: Section<'t>) -> Policy {
    let ttl = Duration::from_secs(1)..=TTL_MAX;
    let default_ttl = section.duration(reader, "default_ttl", HOUR, ttl.clone());
    let max_ttl = section.duration(reader, "max_ttl", 8 * HOUR, ttl.clone());
    // A shorter max_ttl alone is a complete wish: the defaults give way, what is written doesn't.
    let beneath = |wish: Duration| wish.min(max_ttl.value);
    let max_write_ttl = section.duration(reader, "max_write_ttl", beneath(HOUR), ttl.clone());
    let default_ttl = match default_ttl.line {
        None => At { value: beneath(HOUR), ..default_ttl },
        Some(_) => default_ttl,
    };
    for shorter in [&default_ttl, &max_write_ttl] {
        if shorter.value > max_ttl.value {
            let remedy = "shorten it, or raise policy.max_ttl";
            reader.wrong(shorter, "it is longer than policy.max_ttl", remedy);
        }
    }
    let policy = Policy {
        default_ttl: default_ttl.value,
        max_ttl: max_ttl.value,
        max_write_ttl: max_write_ttl.value,
        break_glass_ttl: section
            .duration(reader, "break_glass_ttl", beneath(15 * MINUTE), ttl.clone())
            .value
            .min(max_ttl.value),
        request_ttl: section.duration(reader, "request_ttl", 8 * HOUR, ttl.clone()).value,
        redeem_within: section.duration(reader, "redeem_within", HOUR, ttl).value,
        approvals: people::approvals(reader, &mut section),
        ticket_pattern: people::ticket_pattern(reader, &mut section),
        reason_min_length: count(section.number(reader, "reason_min_length", 8, 1..=500)),
        allow_functions: functions(reader, &mut section, "allow_functions"),
        refuse_functions: functions(reader, &mut section, "refuse_functions"),
        require_where: section.boolean(reader, "require_where", true),
        parser_disagreement: section.word(
            reader,
            "parser_disagreement",
            ParserDisagreement::Refuse,
            &[("refuse", ParserDisagreement::Refuse), ("log", ParserDisagreement::Log)],
        ),
    };
    section.finish(reader);
    policy
}

/// Names of functions, each with its schema, that the policy takes.
fn functions<'t>(
    reader: &mut Reader<'t>,
    section: &mut Section<'t>,
    name: &'static str,
) -> Vec<String> {
    let mut names = section.texts(reader, name);
    names.retain(|at| {
        let one = std::slice::from_ref(&at.value);
        let (allow, refuse) =
            if name == "allow_functions" { (one, &[][..]) } else { (&[][..], one) };
        let usable = Functions::new(allow, refuse);
        if let Err(why) = &usable {
            reader.wrong(
                at,
                why.to_string(),
                "pgward config check prints the line of each function that cannot be judged",
            );
        }
        usable.is_ok()
    });
    names.into_iter().map(|at| at.value).collect()
}

fn limits<'t>(reader: &mut Reader<'t>, mut section: Section<'t>) -> Limits {
    let mut timeout = |reader: &mut Reader<'t>, name, default| {
        section.duration(reader, name, default, SHORTEST..=TIMEOUT_MAX).value
    };
    let statement_timeout = timeout(reader, "statement_timeout", 5 * MINUTE);
    let lock_timeout = timeout(reader, "lock_timeout", Duration::from_secs(10));
    let idle_in_transaction_session_timeout =
        timeout(reader, "idle_in_transaction_session_timeout", 5 * MINUTE);
    let idle_timeout = timeout(reader, "idle_timeout", HOUR);
    let bytes = 1_024..=LARGE_MESSAGE_BYTES_MAX as u64;
    let limits = Limits {
        statement_timeout,
        lock_timeout,
        idle_in_transaction_session_timeout,
        idle_timeout,
        max_sessions_per_grant: count(section.number(
            reader,
            "max_sessions_per_grant",
            10,
            1..=1_000_000,
        )),
        max_rows_read: section.number(reader, "max_rows_read", 0, 0..=ROWS_MAX),
        max_bytes_read: section.size(reader, "max_bytes_read", 0..=1 << 50).unwrap_or(0),
        max_rows_written: section.number(reader, "max_rows_written", 1000, 0..=ROWS_MAX),
        statement_bytes: count(section.size(reader, "statement_bytes", bytes).unwrap_or(1 << 20)),
    };
    section.finish(reader);
    limits
}

fn audit<'t>(
    reader: &mut Reader<'t>,
    mut section: Section<'t>,
    around: &Surroundings<'_>,
) -> Audit {
    let never = section.says("rotate_bytes", "never");
    let rotate_bytes = if never {
        section.text(reader, "rotate_bytes");
        None
    } else {
        Some(section.size(reader, "rotate_bytes", 65_536..=1 << 40).unwrap_or(256 << 20))
    };
    let directory = section.text_or(reader, "directory", "audit");
    if directory.value.is_empty() {
        reader.wrong(&directory, "the directory is empty", "name a directory, such as \"audit\"");
    }
    let audit = Audit {
        directory: around.path(&directory.value),
        sync: section.word(
            reader,
            "sync",
            AuditSync::Write,
            &[("write", AuditSync::Write), ("fsync", AuditSync::Fsync)],
        ),
        parameters: section.word(
            reader,
            "parameters",
            AuditParameters::Full,
            &[
                ("full", AuditParameters::Full),
                ("hash", AuditParameters::Hash),
                ("none", AuditParameters::None),
            ],
        ),
        rotate_bytes,
    };
    section.finish(reader);
    audit
}

fn metrics<'t>(reader: &mut Reader<'t>, mut section: Section<'t>, listen: SocketAddr) -> Metrics {
    let written = section.text_or(reader, "address", "127.0.0.1:9187");
    section.finish(reader);
    if written.value == "off" {
        return Metrics { address: None };
    }
    let address = address(reader, &written);
    if address.is_some_and(|address| address == listen && address.port() != 0) {
        let what = "clients connect at the same address";
        reader.wrong(&written, what, "choose another port than that of listen.address");
    }
    Metrics { address }
}

/// `127.0.0.1:6432`, `[::1]:6432`, `localhost:6432`.
pub(super) fn address(reader: &mut Reader<'_>, at: &At<String>) -> Option<SocketAddr> {
    let loopback = at.value.strip_prefix("localhost:").and_then(|port| port.parse().ok());
    if let Some(port) = loopback {
        return Some(SocketAddr::new(IpAddr::from([127, 0, 0, 1]), port));
    }
    let parsed = at.value.parse().ok();
    if parsed.is_none() {
        let what = format!("\"{}\" is not an IP address with a port", at.value);
        reader.wrong(at, what, "write it as \"127.0.0.1:6432\" or \"[::]:6432\"");
    }
    parsed
}

/// A file that must be there and readable now.
pub(super) fn file(reader: &mut Reader<'_>, at: &At<String>, around: &Surroundings<'_>) -> PathBuf {
    let path = around.path(&at.value);
    if let Err(error) = std::fs::File::open(&path) {
        let what = format!("{} cannot be read: {error}", path.display());
        reader.wrong(at, what, "correct the path, or make the file readable for pgward");
    }
    path
}

/// Far more rows than anybody means.
pub(super) const ROWS_MAX: u64 = 1 << 50;

/// A bounded number as a count.
fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
