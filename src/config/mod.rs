//! What is true of the configuration: every default filled in, every duration parsed, every
//! path resolved. `read` reads what is written, with its lines; `check` and `database` say which
//! keys there are and what they mean; `load` reads the file.

mod alerts;
mod check;
mod database;
mod load;
mod people;
mod problem;
mod read;
mod units;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

pub use alerts::{AlertEvent, AlertFormat, Alerts, Webhook};
pub use load::{Loaded, parse};
pub use people::{GrantRole, Operator, Right};
pub use problem::{Problem, Problems, nearest};
pub use units::{UnitError, format_duration, format_size, parse_duration, parse_size};

/// The whole configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// `[listen]`
    pub listen: Listen,
    /// `[databases.<name>]`
    pub databases: BTreeMap<String, Database>,
    /// `[roles.<name>]`
    pub roles: BTreeMap<String, GrantRole>,
    /// `[store]`
    pub store: Store,
    /// `[policy]`
    pub policy: Policy,
    /// `[limits]`
    pub limits: Limits,
    /// `[audit]`
    pub audit: Audit,
    /// `[admin]`
    pub admin: Admin,
    /// `[metrics]`
    pub metrics: Metrics,
    /// `[alerts]`
    pub alerts: Alerts,
}

/// `[listen]`: where clients connect and how they log in.
#[derive(Debug, Clone)]
pub struct Listen {
    /// Where clients connect.
    pub address: SocketAddr,
    /// TLS towards clients; without it only loopback is served unless `allow_plaintext`.
    pub tls: Option<ListenTls>,
    /// Serve clients in clear text on other than loopback addresses.
    pub allow_plaintext: bool,
    /// Sessions at once.
    pub max_sessions: usize,
    /// From accept to ReadyForQuery.
    pub login_timeout: Duration,
    /// Who sees the NOTICE at login.
    pub login_notice: LoginNotice,
    /// How long before the end of its grant a session is told so, longest first; whoever sees
    /// the NOTICE at login sees these.
    pub expiry_notice: Vec<Duration>,
    /// How clients prove their token.
    pub auth: ClientAuth,
    /// How long SIGTERM waits for sessions to end by themselves.
    pub drain_timeout: Duration,
}

/// `[listen.tls]`
#[derive(Debug, Clone)]
pub struct ListenTls {
    /// PEM chain, the server's own first.
    pub certificate: PathBuf,
    /// PEM private key.
    pub key: PathBuf,
    /// PEM roots that client certificates must chain to, when set.
    pub client_ca: Option<PathBuf>,
}

/// `listen.login_notice`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginNotice {
    /// To psql only (by its application_name at startup).
    Interactive,
    /// To every client.
    Always,
    /// To none.
    Never,
}

/// `listen.auth`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// SCRAM-SHA-256, and -PLUS where TLS is on.
    Scram,
    /// Clear-text password instead of SCRAM, inside TLS or on loopback only.
    ScramOrPassword,
}

/// `[databases.<name>]`: one upstream database.
#[derive(Debug, Clone)]
pub struct Database {
    /// The name clients connect to.
    pub name: String,
    /// Host name, IP address, or a directory for a Unix socket (begins with `/`).
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The database's name at the upstream.
    pub dbname: String,
    /// As libpq's; `verify-full` unless the host is loopback or a socket.
    pub sslmode: SslMode,
    /// PEM roots; the platform's when absent.
    pub sslrootcert: Option<PathBuf>,
    /// The role of sessions on read grants.
    pub reader: Role,
    /// The role of sessions on grants with write scopes; without it there are none.
    pub writer: Option<Role>,
    /// The role of the control connection.
    pub control: Role,
    /// Serve although an upstream role is a superuser.
    pub allow_superuser: bool,
}

/// An upstream role and its password.
#[derive(Debug, Clone)]
pub struct Role {
    /// Role name.
    pub user: String,
    /// Password, where the upstream asks for one.
    pub password: Option<SecretString>,
    /// The file that the password came from, where it came from one.
    pub password_file: Option<PathBuf>,
}

/// libpq's `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SslMode {
    /// Never TLS.
    Disable,
    /// TLS if the upstream has it; no verification.
    Prefer,
    /// TLS; no verification.
    Require,
    /// TLS; the certificate chains to a root.
    VerifyCa,
    /// TLS; the certificate chains to a root and names the host.
    VerifyFull,
}

/// `[store]`: where grants live.
#[derive(Debug, Clone)]
pub struct Store {
    /// Path of the SQLite file.
    pub path: PathBuf,
}

/// `[policy]`
#[derive(Debug, Clone)]
pub struct Policy {
    /// TTL of a grant that names none.
    pub default_ttl: Duration,
    /// Longest TTL of any grant.
    pub max_ttl: Duration,
    /// Longest TTL of a grant with write scopes.
    pub max_write_ttl: Duration,
    /// Longest TTL of a grant by `grant break-glass`.
    pub break_glass_ttl: Duration,
    /// How long a request waits for its approvals.
    pub request_ttl: Duration,
    /// How long an approved request may be redeemed.
    pub redeem_within: Duration,
    /// Approvals that requests need.
    pub approvals: Approvals,
    /// Shortest reason, characters.
    pub reason_min_length: usize,
    /// A regular expression that tickets match as a whole; with it no grant is without one.
    pub ticket_pattern: Option<String>,
    /// Functions that may be called though unjudged: `schema.name`.
    pub allow_functions: Vec<String>,
    /// Functions that may not be called though reviewed: `schema.name`.
    pub refuse_functions: Vec<String>,
    /// Whether UPDATE and DELETE must have a WHERE that chooses rows.
    pub require_where: bool,
    /// What happens when the two parsers disagree.
    pub parser_disagreement: ParserDisagreement,
}

/// `policy.approvals`: how many people must approve, by the greatest thing that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Approvals {
    /// Reading only.
    pub read: u32,
    /// Writes, calls, maintenance.
    pub write: u32,
    /// DDL.
    pub ddl: u32,
}

/// `policy.parser_disagreement`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParserDisagreement {
    /// Refuse the statement, log and count.
    Refuse,
    /// Log and count only.
    Log,
}

/// `[limits]`
#[derive(Debug, Clone)]
pub struct Limits {
    /// Longest statement.
    pub statement_timeout: Duration,
    /// Longest wait for a lock.
    pub lock_timeout: Duration,
    /// Longest pause inside a transaction.
    pub idle_in_transaction_session_timeout: Duration,
    /// Longest pause of a session.
    pub idle_timeout: Duration,
    /// Sessions of one grant at once.
    pub max_sessions_per_grant: usize,
    /// Rows that one statement may return; 0: any number.
    pub max_rows_read: u64,
    /// Bytes of rows that one statement may return; 0: any number.
    pub max_bytes_read: u64,
    /// Rows that one statement may write, unless its grant says otherwise; 0: any number.
    pub max_rows_written: u64,
    /// Longest statement text, bytes.
    pub statement_bytes: usize,
}

/// `[audit]`
#[derive(Debug, Clone)]
pub struct Audit {
    /// Directory of `audit.jsonl`.
    pub directory: PathBuf,
    /// What "written" means.
    pub sync: AuditSync,
    /// What becomes of bound parameters.
    pub parameters: AuditParameters,
    /// The file is rotated when it is longer; `None`: never.
    pub rotate_bytes: Option<u64>,
}

/// `audit.sync`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditSync {
    /// write(2) returned: survives the process.
    Write,
    /// fdatasync(2) returned: survives the machine.
    Fsync,
}

/// `audit.parameters`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditParameters {
    /// As sent.
    Full,
    /// SHA-256 of each.
    Hash,
    /// Not at all.
    None,
}

/// `[admin]`
#[derive(Debug, Clone)]
pub struct Admin {
    /// Path of the admin socket (mode 0600; 0666 with `operators`, since who connects is known).
    pub socket: PathBuf,
    /// Where the same API is served over TLS; `None`: nowhere.
    pub address: Option<SocketAddr>,
    /// TLS of that address; without it only loopback is served.
    pub tls: Option<ListenTls>,
    /// What users of the operating system may do; empty: only the one that runs the server, and
    /// root, who may do everything in any case.
    pub operators: Vec<Operator>,
}

/// `[metrics]`
#[derive(Debug, Clone)]
pub struct Metrics {
    /// Where Prometheus scrapes; `None`: nowhere.
    pub address: Option<SocketAddr>,
}
