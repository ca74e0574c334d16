//! The peers: haproxy, pgbouncer and pgward, each set up as people run it.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use pgward::cli::demo::postgres::free_port;

use crate::place::{DATABASE, PASSWORD, Place, READER};
use crate::process::Process;
use crate::support::pki::Authority;

/// Where a client connects to, and as whom.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) tls: bool,
}

impl Address {
    /// As the superuser, who comes in without a password.
    pub(crate) fn trusted(port: u16) -> Self {
        Self { port, user: "postgres".to_owned(), password: String::new(), tls: false }
    }
}

/// One peer, running.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) address: Address,
    pub(crate) process: Process,
    _folder: tempfile::TempDir,
}

/// The three of them.
#[derive(Debug)]
pub(crate) struct Peers {
    pub(crate) haproxy: Peer,
    pub(crate) pgbouncer: Peer,
    pub(crate) pgward: Peer,
}

impl Peers {
    /// Starts all of them in front of `place`.
    pub(crate) fn start(place: &Place) -> anyhow::Result<Self> {
        Ok(Self {
            haproxy: haproxy(place)?,
            pgbouncer: pgbouncer(place)?,
            pgward: pgward(place, false)?,
        })
    }

    /// The one that ratios are of comes first.
    pub(crate) fn all(&self) -> [&Peer; 3] {
        [&self.haproxy, &self.pgbouncer, &self.pgward]
    }
}

/// haproxy in mode tcp with two threads.
fn haproxy(place: &Place) -> anyhow::Result<Peer> {
    let (folder, port) = (folder()?, free_port()?);
    let configuration = folder.path().join("haproxy.cfg");
    fs::write(
        &configuration,
        format!(
            "global\n nbthread 2\n maxconn 4000\ndefaults\n mode tcp\n timeout connect 5s\n \
             timeout client 1h\n timeout server 1h\nfrontend clients\n bind 127.0.0.1:{port}\n \
             default_backend postgres\nbackend postgres\n server one 127.0.0.1:{}\n",
            place.port()
        ),
    )?;
    let program = program("haproxy")?;
    let arguments = [program.as_str(), "-db", "-f", text(&configuration)?];
    start(&arguments, folder, Address { port, ..place.direct() })
}

/// pgbouncer in session mode, SCRAM on both sides.
fn pgbouncer(place: &Place) -> anyhow::Result<Peer> {
    let (folder, port) = (folder()?, free_port()?);
    // The server's own verifier: with a password pgbouncer would derive the keys at each login.
    let users = folder.path().join("users.txt");
    fs::write(&users, format!("\"{READER}\" \"{}\"\n", place.verifier()?))?;
    let configuration = folder.path().join("pgbouncer.ini");
    fs::write(
        &configuration,
        format!(
            "[databases]\n{DATABASE} = host=127.0.0.1 port={} dbname={DATABASE}\n[pgbouncer]\n\
             listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = scram-sha-256\nauth_file = {}\npool_mode = session\n\
             max_client_conn = 1000\ndefault_pool_size = 100\nlog_connections = 0\n\
             log_disconnections = 0\nignore_startup_parameters = extra_float_digits\n",
            place.port(),
            users.display()
        ),
    )?;
    let program = program("pgbouncer")?;
    let mut arguments = vec![program.as_str()];
    // It does not run as root.
    if rustix::process::geteuid().is_root() {
        arguments.extend(["-u", "nobody"]);
    }
    arguments.push(text(&configuration)?);
    start(&arguments, folder, Address { port, ..place.direct() })
}

/// pgward with the settings that it comes with, and a read grant for as many sessions as it
/// takes.
pub(crate) fn pgward(place: &Place, tls: bool) -> anyhow::Result<Peer> {
    let (folder, port) = (folder()?, free_port()?);
    let configuration = folder.path().join("proxy.toml");
    let role = |user| format!("{{ user = \"{user}\", password = \"{PASSWORD}\" }}");
    fs::write(
        &configuration,
        format!(
            "[listen]\naddress = \"127.0.0.1:{port}\"\nmax_sessions = 5000\n{}\n\
             [databases.{DATABASE}]\nhost = \"127.0.0.1\"\nport = {}\nsslmode = \"disable\"\n\
             reader = {}\ncontrol = {}\n[limits]\nmax_sessions_per_grant = 5000\n\
             [audit]\nsync = \"write\"\n[metrics]\naddress = \"off\"\n",
            if tls { certificate(folder.path())? } else { String::new() },
            place.port(),
            role(READER),
            role("control"),
        ),
    )?;
    let program = pgward_program();
    let arguments = [text(&program)?, "serve", "--config", text(&configuration)?];
    let log = folder.path().join("log");
    let said_ready = || fs::read_to_string(&log).is_ok_and(|said| said.contains("pgward is ready"));
    let process = Process::start(&arguments, &log, said_ready)?;
    let token = grant(&program, &configuration)?;
    let address = Address { port, user: "alice".to_owned(), password: token, tls };
    Ok(Peer { address, process, _folder: folder })
}

fn grant(program: &Path, configuration: &Path) -> anyhow::Result<String> {
    let output = Command::new(program)
        .args(["grant", "create", "--user", "alice", "--database", DATABASE, "--ttl", "4h"])
        .args(["--reason", "INC-4211 stuck orders", "-o", "json", "--config"])
        .arg(configuration)
        .output()?;
    if !output.status.success() {
        bail!("grant create: {}", String::from_utf8_lossy(&output.stderr));
    }
    let grant: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    Ok(grant["token"].as_str().context("a grant has a token")?.to_owned())
}

/// The program to be measured: `PGWARD_BIN`, or the one that cargo built with this.
pub(crate) fn pgward_program() -> PathBuf {
    std::env::var_os("PGWARD_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_pgward").into()).into()
}

fn certificate(folder: &Path) -> anyhow::Result<String> {
    let pem = Authority::new("pgward benches").sign(&["localhost", "127.0.0.1"]);
    fs::write(folder.join("server.pem"), pem.certificate)?;
    fs::write(folder.join("server.key"), pem.key)?;
    Ok("tls.certificate = \"server.pem\"\ntls.key = \"server.key\"".to_owned())
}

fn start(arguments: &[&str], folder: tempfile::TempDir, address: Address) -> anyhow::Result<Peer> {
    let listens = || TcpStream::connect(("127.0.0.1", address.port)).is_ok();
    let process = Process::start(arguments, &folder.path().join("log"), listens)?;
    Ok(Peer { address, process, _folder: folder })
}

/// A directory whose files a peer can read after it gave up being root; nothing in it opens
/// anything but a throwaway database.
fn folder() -> anyhow::Result<tempfile::TempDir> {
    let folder = tempfile::Builder::new().prefix("pgward-bench-").tempdir()?;
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
    Ok(folder)
}

fn program(name: &str) -> anyhow::Result<String> {
    // Debian keeps servers where not every PATH looks.
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/usr/local/sbin";
    let found = path.split(':').map(|place| Path::new(place).join(name)).find(|p| p.is_file());
    let found = found.with_context(|| format!("{name} is missing: run scripts/setup.sh bench"))?;
    Ok(text(&found)?.to_owned())
}

fn text(path: &Path) -> anyhow::Result<&str> {
    path.to_str().context("a path that is UTF-8")
}
