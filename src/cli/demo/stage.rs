//! The stage of the demo: PostgreSQL with a shop's data, pgward before it, one grant to read and
//! one to write.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use tokio_postgres::{Client, NoTls};

use super::pgward::{self, Grant, Serving};
use super::postgres::{Install, Server, Setup, free_port};

/// What bob may do beyond reading.
pub(super) const WRITE_SCOPE: &str = "update:public.orders";

/// The database's name, here and at the upstream.
const DATABASE: &str = "shop";

/// Where pgward listens when nobody says otherwise.
const DEFAULT_PORT: u16 = 6432;

/// pgward's roles by password, the administrator by being on this machine: it is his cluster.
const HBA: &str = "\
local all postgres trust
host all postgres 127.0.0.1/32 trust
host all all 127.0.0.1/32 scram-sha-256
";

/// Everything that runs. Fields are dropped in order: pgward ends before PostgreSQL does.
#[derive(Debug)]
pub(super) struct Stage {
    _serving: Serving,
    /// pgward's port.
    pub(super) port: u16,
    /// The PostgreSQL behind it.
    pub(super) upstream: Server,
    /// alice's grant: read-only.
    pub(super) reading: Grant,
    /// bob's grant: with [`WRITE_SCOPE`].
    pub(super) writing: Grant,
    directory: Directory,
}

/// A directory of our own, removed on drop.
#[derive(Debug)]
struct Directory(PathBuf);

impl Stage {
    /// Starts everything.
    pub(super) async fn set(wanted: Option<u16>) -> anyhow::Result<Self> {
        let mut port = choose_port(wanted)?;
        let install = Install::find()?;
        let upstream = Server::start(&install, &Setup { hba: HBA, ..Setup::default() })?;
        let directory = Directory::new()?;
        let config = directory.0.join("proxy.toml");
        let passwords = Passwords::random();
        std::fs::write(&config, configuration(port, upstream.port(), &passwords)?)?;
        std::fs::set_permissions(&config, std::fs::Permissions::from_mode(0o600))?;
        prepare(&upstream, &config, &passwords).await?;
        let log = directory.0.join("pgward.log");
        let serving = match Serving::start(&config, log.clone()).await {
            // Somebody took the port since it was chosen: another demo, for instance.
            Err(_) if wanted.is_none() => {
                port = free_port()?;
                std::fs::write(&config, configuration(port, upstream.port(), &passwords)?)?;
                Serving::start(&config, log).await?
            }
            started => started?,
        };
        let common = ["--database", DATABASE, "--reason", "trying out pgward"];
        let read = ["--user", "alice", "--ttl", "1h"];
        let write = ["--user", "bob", "--ttl", "30m", "--scope", WRITE_SCOPE];
        let reading = pgward::grant(&config, &[&read[..], &common].concat())?;
        let writing = pgward::grant(&config, &[&write[..], &common].concat())?;
        Ok(Self { _serving: serving, port, upstream, reading, writing, directory })
    }

    /// Path of the configuration.
    pub(super) fn config(&self) -> PathBuf {
        self.directory.0.join("proxy.toml")
    }

    /// Path of the audit log.
    pub(super) fn audit_log(&self) -> PathBuf {
        self.directory.0.join("audit/audit.jsonl")
    }

    /// A line to paste into a shell.
    pub(super) fn psql_line(&self, grant: &Grant) -> String {
        let Grant { user, token, database, .. } = grant;
        let port = self.port;
        format!(
            "PGPASSWORD={token} psql 'host=127.0.0.1 port={port} dbname={database} user={user}'"
        )
    }

    /// A session through pgward.
    pub(super) async fn session(&self, grant: &Grant) -> anyhow::Result<Client> {
        let mut config = tokio_postgres::Config::new();
        config.host("127.0.0.1").port(self.port).user(&grant.user).dbname(&grant.database);
        config.password(&grant.token).application_name("pgward demo");
        connect(&config).await.with_context(|| format!("cannot log in with grant {}", grant.id))
    }

    /// The administrator's session past pgward, to see effects from the server's side.
    pub(super) async fn direct(&self) -> anyhow::Result<Client> {
        administrator(&self.upstream, DATABASE).await
    }
}

impl Directory {
    fn new() -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("pgward-demo-{}", std::process::id()));
        std::fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700))?;
        Ok(Self(path))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Passwords of the upstream roles, made for this run.
#[derive(Debug)]
struct Passwords {
    reader: String,
    control: String,
}

impl Passwords {
    fn random() -> Self {
        let one = || data_encoding::HEXLOWER.encode(&rand::random::<[u8; 16]>());
        Self { reader: one(), control: one() }
    }
}

/// The directory of this program, so that what HINTs name can be pasted.
pub(super) fn programs() -> anyhow::Result<String> {
    let program = std::env::current_exe()?;
    Ok(program.parent().map(|path| path.display().to_string()).unwrap_or_default())
}

fn choose_port(wanted: Option<u16>) -> anyhow::Result<u16> {
    let port = wanted.unwrap_or(DEFAULT_PORT);
    match (TcpListener::bind(("127.0.0.1", port)), wanted) {
        (Ok(_), _) => Ok(port),
        (Err(_), None) => Ok(free_port()?),
        (Err(error), Some(_)) => Err(error).context(format!(
            "port {port} cannot be listened on (leave --port out for a free one)"
        )),
    }
}

fn configuration(port: u16, upstream: u16, passwords: &Passwords) -> anyhow::Result<String> {
    let metrics = free_port()?;
    let Passwords { reader, control } = passwords;
    Ok(format!(
        r#"# Written by `pgward demo`; gone when it ends.
[listen]
address = "127.0.0.1:{port}"
drain_timeout = "1s"

[databases.{DATABASE}]
host = "127.0.0.1"
port = {upstream}
reader = {{ user = "pgward_reader", password = "{reader}" }}
control = {{ user = "pgward_control", password = "{control}" }}

[store]
url = "sqlite:pgward.db"

[audit]
directory = "audit"

[admin]
socket = "pgward.sock"

[metrics]
address = "127.0.0.1:{metrics}"
"#
    ))
}

/// The shop's tables, and the roles as `config setup-sql` makes them.
async fn prepare(upstream: &Server, config: &Path, passwords: &Passwords) -> anyhow::Result<()> {
    let postgres = administrator(upstream, "postgres").await?;
    postgres.batch_execute(&format!("CREATE DATABASE {DATABASE}")).await?;
    let shop = administrator(upstream, DATABASE).await?;
    shop.batch_execute(include_str!("shop.sql")).await.context("the sample data")?;
    let roles = pgward::command(config, &["config", "setup-sql"])?;
    shop.batch_execute(&roles).await.context("the SQL of pgward config setup-sql")?;
    let Passwords { reader, control } = passwords;
    for (role, password) in [("pgward_reader", reader), ("pgward_control", control)] {
        shop.batch_execute(&format!("ALTER ROLE {role} PASSWORD '{password}'")).await?;
    }
    Ok(())
}

async fn administrator(upstream: &Server, database: &str) -> anyhow::Result<Client> {
    let mut config = tokio_postgres::Config::new();
    config.host("127.0.0.1").port(upstream.port()).user("postgres").dbname(database);
    connect(&config).await.context("cannot connect to the throwaway PostgreSQL")
}

async fn connect(config: &tokio_postgres::Config) -> anyhow::Result<Client> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(async move {
        // How a connection ends is seen by the statement that needed it.
        let _ = connection.await;
    });
    Ok(client)
}
