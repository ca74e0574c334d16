//! A throwaway PostgreSQL: `initdb` into a temporary directory, a server on a free port, and
//! nothing left of either at the end, however this process ends.
//!
//! The server runs under a small shell that waits for the end of its standard input, which is
//! held open here: a panic, an exit and a kill -9 close it all alike. PostgreSQL refuses to run
//! as root, so for root both run as the user `postgres`, or `nobody` where there is none.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};

/// How long a server may take to accept connections.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// Stops the server and removes its directory when standard input ends.
const KEEPER: &str = r#""$0" -D "$1/data" </dev/null & server=$!
cat >/dev/null
kill -INT $server 2>/dev/null
( sleep 5; kill -QUIT $server 2>/dev/null ) & killer=$!
wait $server
kill $killer 2>/dev/null
cd /
rm -rf "$1""#;

/// Where the programs of an installed PostgreSQL are.
#[derive(Debug, Clone)]
pub struct Install {
    bin: PathBuf,
}

/// A running server; stopped, and its directory removed, on drop.
#[derive(Debug)]
pub struct Server {
    directory: PathBuf,
    port: u16,
    keeper: Child,
}

/// How a server is to be set up.
#[derive(Debug, Clone, Default)]
pub struct Setup<'a> {
    /// Lines of `postgresql.conf`, appended.
    pub settings: &'a str,
    /// The whole `pg_hba.conf`.
    pub hba: &'a str,
    /// Files to put into the data directory, readable by the server alone: name and content.
    pub files: &'a [(&'a str, &'a str)],
}

/// The user that the server runs as, where it cannot be our own.
#[derive(Debug, Clone, Copy)]
struct Account {
    uid: u32,
    gid: u32,
}

impl Install {
    /// The newest PostgreSQL of this machine: `PGWARD_POSTGRES_BIN`, the distributions' places,
    /// `pg_config`, then `PATH`.
    ///
    /// # Errors
    /// When there is none; the error says how to install it.
    pub fn find() -> anyhow::Result<Self> {
        let mut places = Vec::new();
        places.extend(std::env::var_os("PGWARD_POSTGRES_BIN").map(PathBuf::from));
        places.extend(versioned_places());
        places.extend(pg_config_bindir());
        if let Some(path) = std::env::var_os("PATH") {
            places.extend(std::env::split_paths(&path));
        }
        places.into_iter().find_map(Self::at).context(
            "no PostgreSQL server found (initdb and postgres): install it \
             (Debian, Ubuntu: apt-get install postgresql) or name its bin directory in \
             PGWARD_POSTGRES_BIN",
        )
    }

    /// The PostgreSQL whose programs are in `bin`, if they are.
    #[must_use]
    pub fn at(bin: PathBuf) -> Option<Self> {
        let install = Self { bin };
        (install.tool("initdb").exists() && install.tool("postgres").exists()).then_some(install)
    }

    /// Path of one of its programs.
    #[must_use]
    pub fn tool(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }
}

impl Server {
    /// Makes a cluster in a new temporary directory and starts it on a free port of 127.0.0.1.
    /// The superuser is `postgres`; `hba` decides who may come in.
    ///
    /// # Errors
    /// When a directory cannot be made, `initdb` fails, or the server does not come up; the
    /// error carries the end of the server's log.
    pub fn start(install: &Install, setup: &Setup<'_>) -> anyhow::Result<Self> {
        let account = server_account()?;
        let directory = temporary_directory()?;
        own(&directory, account)?;
        initdb(install, &directory, account)?;
        let port = free_port()?;
        write_configuration(&directory, port, setup, account)?;
        let keeper = keep(install, &directory, account)?;
        let server = Self { directory, port, keeper };
        server.wait_until_up()?;
        Ok(server)
    }

    /// The TCP port on 127.0.0.1.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The directory that holds everything of this server; also that of its Unix socket.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Path of the server's log.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.directory.join("log")
    }

    fn wait_until_up(&self) -> anyhow::Result<()> {
        let step = Duration::from_millis(25);
        let mut waited = Duration::ZERO;
        while waited < START_TIMEOUT {
            // The line that the postmaster writes when it accepts sessions; a connect(2) would
            // succeed earlier.
            let pid_file = self.directory.join("data/postmaster.pid");
            if fs::read_to_string(pid_file).is_ok_and(|text| text.contains("ready")) {
                return Ok(());
            }
            std::thread::sleep(step);
            waited += step;
        }
        bail!("PostgreSQL did not start: {}", tail(&self.log()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// A port of this machine that nobody listens at, and that was not handed out before. It lies
/// below those that outgoing connections get, so that none of them takes it in the meantime.
///
/// # Errors
/// When nothing can be bound at all.
pub fn free_port() -> std::io::Result<u16> {
    const FIRST: u32 = 20_000;
    const COUNT: u32 = 12_000;
    static HANDED_OUT: AtomicU32 = AtomicU32::new(0);
    // Other processes look for ports too: each begins elsewhere.
    let start = std::process::id().wrapping_mul(97);
    for _ in 0..COUNT {
        let next = start.wrapping_add(HANDED_OUT.fetch_add(1, Ordering::Relaxed)) % COUNT;
        let port = u16::try_from(FIRST + next).unwrap_or(0);
        if port != 0 && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn versioned_places() -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = Vec::new();
    for (parent, prefix) in
        [("/usr/lib/postgresql", ""), ("/usr", "pgsql-"), ("/opt/homebrew/opt", "postgresql@")]
    {
        for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let major = name.strip_prefix(prefix).and_then(|digits| digits.parse().ok());
            found.extend(major.map(|major| (major, entry.path().join("bin"))));
        }
    }
    found.sort_by_key(|&(major, _)| std::cmp::Reverse(major));
    found.into_iter().map(|(_, bin)| bin).collect()
}

fn pg_config_bindir() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (!text.trim().is_empty()).then(|| PathBuf::from(text.trim()))
}

fn server_account() -> anyhow::Result<Option<Account>> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
    ["postgres", "nobody"]
        .iter()
        .find_map(|name| account(&users, name))
        .map(Some)
        .context("PostgreSQL does not run as root, and there is no user `postgres` or `nobody`")
}

fn account(passwd: &str, name: &str) -> Option<Account> {
    let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some(Account { uid: fields.next()?.parse().ok()?, gid: fields.next()?.parse().ok()? })
}

fn temporary_directory() -> anyhow::Result<PathBuf> {
    let base = std::env::temp_dir();
    for attempt in 0..1_000_u32 {
        let path = base.join(format!("pgward-pg-{}-{attempt}", std::process::id()));
        match fs::create_dir(&path) {
            Ok(()) => {
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
                return Ok(path);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).context(format!("cannot make {}", path.display())),
        }
    }
    bail!("no free name for a temporary directory in {}", base.display())
}

fn own(path: &Path, account: Option<Account>) -> anyhow::Result<()> {
    if let Some(Account { uid, gid }) = account {
        chown(path, Some(uid), Some(gid))
            .with_context(|| format!("cannot give {} to the server's user", path.display()))?;
    }
    Ok(())
}

fn command(program: impl AsRef<std::ffi::OsStr>, account: Option<Account>) -> Command {
    let mut command = Command::new(program);
    command.env_remove("PGDATA").env_remove("PGPORT").env_remove("PGHOST").env("LC_ALL", "C");
    if let Some(Account { uid, gid }) = account {
        command.uid(uid).gid(gid);
    }
    command
}

fn initdb(install: &Install, directory: &Path, account: Option<Account>) -> anyhow::Result<()> {
    let output = command(install.tool("initdb"), account)
        .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync", "-D"])
        .arg(directory.join("data"))
        .current_dir("/")
        .output()
        .context("cannot run initdb")?;
    if !output.status.success() {
        bail!("initdb failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

fn write_configuration(
    directory: &Path,
    port: u16,
    setup: &Setup<'_>,
    account: Option<Account>,
) -> anyhow::Result<()> {
    let data = directory.join("data");
    let own_settings = format!(
        "listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = '{}'\n\
         fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n",
        directory.display()
    );
    let base = fs::read_to_string(data.join("postgresql.conf"))?;
    fs::write(data.join("postgresql.conf"), format!("{base}\n{own_settings}{}\n", setup.settings))?;
    fs::write(data.join("pg_hba.conf"), setup.hba)?;
    for (name, content) in setup.files {
        let path = data.join(name);
        fs::write(&path, content)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        own(&path, account)?;
    }
    Ok(())
}

fn keep(install: &Install, directory: &Path, account: Option<Account>) -> anyhow::Result<Child> {
    let log = fs::File::create(directory.join("log"))?;
    own(&directory.join("log"), account)?;
    command("sh", account)
        .args(["-c", KEEPER])
        .arg(install.tool("postgres"))
        .arg(directory)
        .stdin(Stdio::piped())
        .stdout(log.try_clone()?)
        .stderr(log)
        // Ctrl-C at the terminal is for us; the keeper stops the server when we are done.
        .process_group(0)
        .current_dir("/")
        .spawn()
        .context("cannot start PostgreSQL")
}

fn tail(log: &Path) -> String {
    let mut text = String::new();
    let read = fs::File::open(log).and_then(|mut file| file.read_to_string(&mut text));
    if read.is_err() || text.is_empty() {
        return "its log is empty".to_owned();
    }
    let mut lines: Vec<&str> = text.lines().rev().take(8).collect();
    lines.reverse();
    lines.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_come_from_passwd_lines() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n";
        let nobody = account(passwd, "nobody").map(|a| (a.uid, a.gid));
        assert_eq!(nobody, Some((65_534, 65_534)));
        assert!(account(passwd, "postgres").is_none());
    }
}
