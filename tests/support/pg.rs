//! Real PostgreSQL servers: one of each major for the whole run, a database of its own for each
//! test that changes something. A missing PostgreSQL fails the run with the command that
//! installs it.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use pgward::cli::demo::postgres::{Install, Server, Setup};

use super::pki;
use super::wire::Wire;

/// Passwords of the upstream roles that pgward logs in with.
pub(crate) const PASSWORD: &str = "upstream-secret";

const SETTINGS: &str = "\
max_connections = 900
shared_buffers = 64MB
logging_collector = off
log_destination = stderr
log_line_prefix = '%m|%p|%a|%u|%d|'
log_statement = all
log_min_messages = log
timezone = 'UTC'
log_timezone = 'UTC'
ssl = on
ssl_cert_file = 'server.crt'
ssl_key_file = 'server.key'
max_prepared_transactions = 10
wal_level = logical
autovacuum = off";

/// `postgres` comes in without a password (that is the direct way, and the administrator's);
/// every other role by the method it is named for.
const HBA: &str = "\
local all all trust
host all postgres 127.0.0.1/32 trust
host all md5_reader 127.0.0.1/32 md5
host all clear_reader 127.0.0.1/32 password
host all trusted_reader 127.0.0.1/32 trust
hostssl all tls_reader 127.0.0.1/32 scram-sha-256
hostnossl all tls_reader 127.0.0.1/32 reject
host all all 127.0.0.1/32 scram-sha-256
host replication all 127.0.0.1/32 scram-sha-256";

const ROLES: &str = "
CREATE ROLE reader LOGIN PASSWORD 'upstream-secret' IN ROLE pg_read_all_data, pg_monitor;
CREATE ROLE writer LOGIN PASSWORD 'upstream-secret' IN ROLE pg_read_all_data, pg_monitor;
CREATE ROLE control LOGIN PASSWORD 'upstream-secret' IN ROLE pg_signal_backend, pg_monitor;
CREATE ROLE boss LOGIN SUPERUSER PASSWORD 'upstream-secret';
CREATE ROLE clear_reader LOGIN PASSWORD 'upstream-secret' IN ROLE pg_read_all_data, pg_monitor;
CREATE ROLE trusted_reader LOGIN IN ROLE pg_read_all_data, pg_monitor;
CREATE ROLE tls_reader LOGIN PASSWORD 'upstream-secret' IN ROLE pg_read_all_data, pg_monitor;
SET password_encryption = 'md5';
CREATE ROLE md5_reader LOGIN PASSWORD 'upstream-secret' IN ROLE pg_read_all_data, pg_monitor;
";

/// A server of one major.
pub(crate) struct Pg {
    server: Server,
    pub(crate) major: u32,
    databases: AtomicU32,
}

/// The PostgreSQL that is installed.
pub(crate) fn distribution() -> &'static Pg {
    static PG: OnceLock<Pg> = OnceLock::new();
    PG.get_or_init(|| {
        let install = Install::find().expect("run scripts/setup.sh test");
        Pg::start(&install)
    })
}

/// PostgreSQL 18 as `scripts/setup.sh` fetched it; `None` where it could not be, except in
/// continuous integration.
pub(crate) fn eighteen() -> Option<&'static Pg> {
    static PG: OnceLock<Option<Pg>> = OnceLock::new();
    PG.get_or_init(|| fetched(18)).as_ref()
}

/// PostgreSQL 17, in the same way.
pub(crate) fn seventeen() -> Option<&'static Pg> {
    static PG: OnceLock<Option<Pg>> = OnceLock::new();
    PG.get_or_init(|| fetched(17)).as_ref()
}

/// PostgreSQL 16, in the same way.
pub(crate) fn sixteen() -> Option<&'static Pg> {
    static PG: OnceLock<Option<Pg>> = OnceLock::new();
    PG.get_or_init(|| fetched(16)).as_ref()
}

fn fetched(major: u32) -> Option<Pg> {
    let bin = target().join(format!("postgres/{major}/bin"));
    let Some(install) = Install::at(bin.clone()) else {
        assert!(
            std::env::var_os("CI").is_none(),
            "no PostgreSQL {major} in {}: run scripts/setup.sh test",
            bin.display()
        );
        eprintln!("skipped: no PostgreSQL {major} in {} (scripts/setup.sh test)", bin.display());
        return None;
    };
    Some(Pg::start(&install))
}

/// A server beside that one, of the same major, for tests that make and remove roles: these are
/// the whole server's, and other tests compare them.
pub(crate) fn apart(pg: &Pg) -> &'static Pg {
    static DISTRIBUTION: OnceLock<Pg> = OnceLock::new();
    static EIGHTEEN: OnceLock<Option<Pg>> = OnceLock::new();
    let distribution = || Pg::start(&Install::find().expect("run scripts/setup.sh test"));
    let eighteen =
        if pg.major == 18 { EIGHTEEN.get_or_init(|| fetched(18)).as_ref() } else { None };
    eighteen.unwrap_or_else(|| DISTRIBUTION.get_or_init(distribution))
}

/// cargo's target directory.
pub(crate) fn target() -> PathBuf {
    // …/target/debug/pgward
    let mut path = PathBuf::from(env!("CARGO_BIN_EXE_pgward"));
    path.pop();
    path.pop();
    path
}

impl Pg {
    fn start(install: &Install) -> Self {
        let certificate = pki::servers().sign(&["localhost", "127.0.0.1"]);
        let setup = Setup {
            settings: SETTINGS,
            hba: HBA,
            files: &[("server.crt", &certificate.certificate), ("server.key", &certificate.key)],
        };
        let server = Server::start(install, &setup).expect("a PostgreSQL server");
        let pg = Self { server, major: 0, databases: AtomicU32::new(0) };
        let mut admin = pg.admin("postgres");
        let version: u32 = admin.query("SHOW server_version_num").value().parse().unwrap();
        run(&mut admin, ROLES);
        run(&mut admin, "CREATE DATABASE sample");
        run(&mut pg.admin("sample"), include_str!("sample.sql"));
        Self { major: version / 10_000, ..pg }
    }

    pub(crate) fn port(&self) -> u16 {
        self.server.port()
    }

    /// Directory of the Unix socket.
    pub(crate) fn socket_directory(&self) -> String {
        self.server.directory().display().to_string()
    }

    /// A new database with the sample data.
    pub(crate) fn database(&self) -> String {
        let name = format!("t{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut admin = self.admin("postgres");
        // Another test may be copying the template at this moment.
        for _ in 0..200 {
            let reply = admin.query(&format!("CREATE DATABASE {name} TEMPLATE sample"));
            match reply.code() {
                "" => return name,
                "55006" => std::thread::sleep(Duration::from_millis(50)),
                _ => panic!("{:?}", reply.errors),
            }
        }
        panic!("the template database stays in use");
    }

    /// A direct session of the superuser.
    pub(crate) fn admin(&self, database: &str) -> Wire {
        Wire::connect(self.port(), "postgres", database, "")
    }

    /// A direct session of the role that read grants use.
    pub(crate) fn direct(&self, database: &str) -> Wire {
        Wire::connect(self.port(), "reader", database, PASSWORD)
    }

    /// The server's log so far.
    pub(crate) fn log(&self) -> String {
        let bytes = std::fs::read(self.server.log()).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// How many rows `public.victim` has: what attacks write to.
    pub(crate) fn victims(&self, database: &str) -> String {
        self.admin(database).query("SELECT count(*) FROM public.victim").value()
    }

    /// Waits until a statement that contains `text` runs in a client's session.
    pub(crate) fn runs(&self, database: &str, text: &str) {
        let sql = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}' \
             AND state = 'active' AND query LIKE '%{text}%' AND pid <> pg_backend_pid()"
        );
        let mut admin = self.admin("postgres");
        super::eventually(text, Duration::from_secs(10), || admin.query(&sql).value() != "0");
    }

    /// Backends of clients (not of pgward's control connections) in a database.
    pub(crate) fn backends(&self, database: &str) -> u32 {
        let sql = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}' \
             AND application_name LIKE 'pgward:%'"
        );
        self.admin("postgres").query(&sql).value().parse().unwrap()
    }
}

/// Runs SQL that must not fail.
pub(crate) fn run(wire: &mut Wire, sql: &str) {
    let reply = wire.query(sql);
    assert!(reply.errors.is_empty(), "{:?} in {}", reply.errors, &sql[..sql.len().min(200)]);
}
