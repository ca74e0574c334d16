//! The throwaway PostgreSQL that every peer stands in front of.

use std::process::Command;

use anyhow::{Context, bail};
use pgward::cli::demo::postgres::{Install, Server, Setup};

use crate::peers::Address;
use crate::support::wire::Wire;

/// The database of pgbench.
pub(crate) const DATABASE: &str = "bench";
/// The role that everybody's statements run as: the peers hand it through, pgward logs in as it.
pub(crate) const READER: &str = "reader";
/// Its password, and that of the control role.
pub(crate) const PASSWORD: &str = "upstream-secret";

/// pgbench's rows in `pgbench_accounts` are this times 100,000.
const SCALE: u32 = 10;

const HBA: &str = "\
local all all trust
host all postgres 127.0.0.1/32 trust
host all all 127.0.0.1/32 scram-sha-256";

const ROLES: &str = "
CREATE ROLE reader LOGIN PASSWORD 'upstream-secret' IN ROLE pg_read_all_data, pg_monitor;
CREATE ROLE control LOGIN PASSWORD 'upstream-secret' IN ROLE pg_signal_backend, pg_monitor;";

/// PostgreSQL with pgbench's data.
#[derive(Debug)]
pub(crate) struct Place {
    install: Install,
    server: Server,
}

impl Place {
    /// A server that takes this many connections at once, with pgbench's tables filled.
    pub(crate) fn start(connections: u32) -> anyhow::Result<Self> {
        let settings = format!(
            "max_connections = {connections}\nshared_buffers = 256MB\nautovacuum = off\n\
             logging_collector = off\nmax_wal_size = 4GB\ntimezone = 'UTC'"
        );
        let install = Install::find()?;
        let setup = Setup { settings: &settings, hba: HBA, files: &[] };
        let place = Self { server: Server::start(&install, &setup)?, install };
        place.run("postgres", ROLES)?;
        place.run("postgres", &format!("CREATE DATABASE {DATABASE}"))?;
        let filled = place
            .pgbench(&Address::trusted(place.port()))
            .args(["-i", "-q", "-s", &SCALE.to_string(), DATABASE])
            .output()
            .context("cannot run pgbench")?;
        if !filled.status.success() {
            bail!("pgbench -i: {}", String::from_utf8_lossy(&filled.stderr));
        }
        place.run(DATABASE, "VACUUM ANALYZE; CHECKPOINT")?;
        Ok(place)
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.server.port()
    }

    /// Straight to it, as the role of everybody.
    pub(crate) fn direct(&self) -> Address {
        Address {
            port: self.port(),
            user: READER.to_owned(),
            password: PASSWORD.to_owned(),
            tls: false,
        }
    }

    /// `pgbench`, told where to connect to.
    pub(crate) fn pgbench(&self, address: &Address) -> Command {
        let mut command = Command::new(self.install.tool("pgbench"));
        command
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", address.port.to_string())
            .env("PGUSER", &address.user)
            .env("PGPASSWORD", &address.password)
            .env("PGSSLMODE", if address.tls { "require" } else { "disable" })
            .env("PGGSSENCMODE", "disable");
        command
    }

    /// What the server keeps of the role's password.
    pub(crate) fn verifier(&self) -> anyhow::Result<String> {
        let mut wire = Wire::connect(self.port(), "postgres", DATABASE, "");
        let sql = format!("SELECT rolpassword FROM pg_authid WHERE rolname = '{READER}'");
        let mut reply = wire.query(&sql);
        let row = reply.rows.pop().context("no such role")?;
        row.into_iter().flatten().next().context("it has no password")
    }

    fn run(&self, database: &str, sql: &str) -> anyhow::Result<()> {
        let mut wire = Wire::connect(self.port(), "postgres", database, "");
        // One by one: CREATE DATABASE and VACUUM don't run beside others.
        for one in sql.split(';').map(str::trim).filter(|one| !one.is_empty()) {
            let reply = wire.query(one);
            if !reply.errors.is_empty() {
                bail!("{one}: {:?}", reply.errors);
            }
        }
        Ok(())
    }
}
