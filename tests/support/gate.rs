//! The real `pgward serve`, in a directory of its own.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use pgward::cli::demo::postgres::free_port;
use serde_json::Value;
use tempfile::TempDir;

use super::clients::{self, Output};
use super::eventually;
use super::message::Fields;
use super::pg::{PASSWORD, Pg};
use super::wire::Wire;

/// What a configuration says beyond the ordinary.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Lines of `[listen]`.
    pub(crate) listen: String,
    /// More lines of `[databases.<name>]`.
    pub(crate) database: String,
    /// Lines of `[policy]`.
    pub(crate) policy: String,
    /// Lines of `[limits]`.
    pub(crate) limits: String,
    /// Lines of `[audit]`.
    pub(crate) audit: String,
    /// Lines of `[admin]`.
    pub(crate) admin: String,
    /// Further sections.
    pub(crate) more: String,
    /// Upstream role of read grants.
    pub(crate) reader: String,
    /// Upstream role of grants with scopes; empty: none.
    pub(crate) writer: String,
    /// Role of the control connection.
    pub(crate) control: String,
    /// Where the upstream is.
    pub(crate) host: String,
    /// Port of the upstream, where it is not the server's own.
    pub(crate) port: Option<u16>,
    /// How to reach it.
    pub(crate) sslmode: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: String::new(),
            database: String::new(),
            policy: String::new(),
            limits: String::new(),
            audit: String::new(),
            admin: String::new(),
            more: String::new(),
            reader: "reader".into(),
            writer: "writer".into(),
            control: "control".into(),
            host: "127.0.0.1".into(),
            port: None,
            sslmode: "disable".into(),
        }
    }
}

impl Options {
    /// Every upstream role is a superuser: only pgward stands between.
    pub(crate) fn superuser() -> Self {
        Self {
            reader: "boss".into(),
            writer: "boss".into(),
            control: "boss".into(),
            database: "allow_superuser = true".into(),
            ..Self::default()
        }
    }

    /// Read grants use the role that may write: the server's rights do not help.
    pub(crate) fn writing_reader() -> Self {
        Self { reader: "writer".into(), ..Self::default() }
    }
}

/// A running pgward in front of one database.
pub(crate) struct Gate {
    pub(crate) directory: TempDir,
    pub(crate) port: u16,
    pub(crate) metrics_port: u16,
    pub(crate) database: String,
    child: Child,
    /// How often it was killed.
    kills: usize,
}

/// A grant as `grant create` printed it.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) id: String,
    pub(crate) user: String,
    pub(crate) token: String,
    pub(crate) json: Value,
}

impl Gate {
    /// In front of a new database of `pg`.
    pub(crate) fn new(pg: &Pg) -> Self {
        Self::with(pg, &Options::default())
    }

    /// The same, configured as said.
    pub(crate) fn with(pg: &Pg, options: &Options) -> Self {
        Self::before(pg, &pg.database(), options)
    }

    /// In front of a database that is there.
    pub(crate) fn before(pg: &Pg, database: &str, options: &Options) -> Self {
        // A port that was free may be taken by now: other tests look for some too.
        for _ in 0..5 {
            let (directory, port, metrics_port) = prepare(pg, database, options);
            let child = spawn(directory.path());
            let database = database.to_owned();
            let gate = Self { directory, port, metrics_port, database, child, kills: 0 };
            if gate.comes_up() {
                return gate;
            }
            assert!(gate.log().contains("in use"), "not ready: {}", gate.log());
        }
        panic!("no free port in five attempts");
    }

    /// Starts `serve` where it can't serve: it ends with an error, or runs and isn't ready, and
    /// says why either way, in words that contain `expected`.
    pub(crate) fn fails_to_serve(pg: &Pg, options: &Options, expected: &str) {
        let (directory, port, metrics_port) = prepare(pg, "sample", options);
        let child = spawn(directory.path());
        let database = "sample".to_owned();
        let mut gate = Self { directory, port, metrics_port, database, child, kills: 0 };
        eventually(expected, Duration::from_secs(5), || {
            if let Some(status) = gate.child.try_wait().unwrap() {
                assert!(!status.success());
                assert!(
                    gate.log().to_lowercase().contains(expected),
                    "{expected:?} not in {}",
                    gate.log()
                );
            }
            gate.log().to_lowercase().contains(expected)
        });
        assert!(!gate.log().contains("panicked"), "{}", gate.log());
        if let Some((status, body)) = gate.http("/readyz") {
            assert_ne!(status, 200, "ready all the same: {body}");
        }
    }

    /// Whether it gets ready.
    fn comes_up(&self) -> bool {
        let limit = Duration::from_secs(90);
        let start = Instant::now();
        while start.elapsed() < limit && !self.log().contains("in use") {
            if self.http("/readyz").is_some_and(|(status, _)| status == 200)
                && TcpStream::connect(("127.0.0.1", self.port)).is_ok()
            {
                return true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }

    fn wait_until_ready(&self) {
        assert!(self.comes_up(), "pgward is not ready: {}", self.log());
    }

    /// What the server wrote to its standard error.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("pgward.log")).unwrap_or_default()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let status =
            Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()).status();
        assert!(status.unwrap().success());
    }

    /// kill -9, and a new start on the same directory.
    pub(crate) fn kill_and_restart(&mut self) {
        self.kill();
        self.restart();
    }

    /// kill -9.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.kills += 1;
    }

    /// Starts it again.
    pub(crate) fn restart(&mut self) {
        self.child = spawn(self.directory.path());
        self.wait_until_ready();
    }

    /// Waits for the end of the process.
    pub(crate) fn wait_for_exit(&mut self, limit: Duration) -> Option<i32> {
        let mut status = None;
        eventually("pgward exits", limit, || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap().code()
    }

    /// Runs a command of the CLI against this server.
    pub(crate) fn cli(&self, arguments: &[&str]) -> Output {
        let mut command = program(arguments, &self.path("proxy.toml"));
        clients::run(&mut command, "", Duration::from_secs(60))
    }

    /// The same with `-o json`, which must succeed.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let with_output = [arguments, &["-o", "json"]].concat();
        let text = self.cli(&with_output).expect(&arguments.join(" "));
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e} in {text:?}"))
    }

    /// A read grant of one hour.
    pub(crate) fn read_grant(&self) -> Grant {
        self.grant(&[])
    }

    /// A grant with scopes.
    pub(crate) fn write_grant(&self, scopes: &[&str]) -> Grant {
        let arguments: Vec<&str> = scopes.iter().flat_map(|s| ["--scope", s]).collect();
        self.grant(&arguments)
    }

    /// A grant with more arguments.
    pub(crate) fn grant(&self, more: &[&str]) -> Grant {
        let mut arguments = vec!["grant", "create"];
        if !more.contains(&"--user") {
            arguments.extend(["--user", "alice"]);
        }
        if !more.contains(&"--ttl") {
            arguments.extend(["--ttl", "1h"]);
        }
        if !more.contains(&"--reason") {
            arguments.extend(["--reason", "INC-4211 stuck orders"]);
        }
        arguments.extend(["--database", &self.database]);
        arguments.extend(more);
        let json = self.json(&arguments);
        let text = |key: &str| json[key].as_str().unwrap_or_else(|| panic!("{key}")).to_owned();
        Grant { id: text("id"), user: text("user"), token: text("token"), json }
    }

    /// A session on a grant.
    pub(crate) fn session(&self, grant: &Grant) -> Wire {
        Wire::connect(self.port, &grant.user, &self.database, &grant.token)
    }

    /// So many sessions, on grants of their own. Sixteen share the first worker (`net::load`): whoever
    /// comes behind them is on another, where the machine has one.
    pub(crate) fn crowd(&self, count: usize) -> Vec<Wire> {
        let mut sessions = Vec::new();
        while sessions.len() < count {
            let grant = self.read_grant();
            let more = (count - sessions.len()).min(4);
            sessions.extend((0..more).map(|_| self.session(&grant)));
        }
        sessions
    }

    /// The error that ends a login.
    pub(crate) fn login_error(&self, user: &str, database: &str, password: &str) -> Fields {
        match Wire::try_connect(self.port, user, database, password) {
            Ok(_) => panic!("{user} came in"),
            Err(fields) => fields,
        }
    }

    /// Every record of the audit log, in the order of the file.
    pub(crate) fn audit(&self) -> Vec<Value> {
        records(&self.path("audit"), self.kills)
    }

    /// The records of one event.
    pub(crate) fn events(&self, event: &str) -> Vec<Value> {
        self.audit().into_iter().filter(|r| r["event"] == event).collect()
    }

    /// The records of statements whose text contains `needle`, with the `statement.done` of each,
    /// which is written a moment after the client has its answer.
    pub(crate) fn about(&self, needle: &str) -> Vec<Value> {
        let start = Instant::now();
        loop {
            let found = self.about_now(needle);
            let count = |event: &str| found.iter().filter(|r| r["event"] == event).count();
            let settled = count("statement.allowed") == count("statement.done");
            if settled || start.elapsed() > Duration::from_secs(20) {
                return found;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn about_now(&self, needle: &str) -> Vec<Value> {
        let all = self.audit();
        let ids: Vec<String> = all
            .iter()
            .filter(|r| r["query"].as_str().is_some_and(|q| q.contains(needle)))
            .map(statement)
            .collect();
        all.into_iter().filter(|r| ids.contains(&statement(r))).collect()
    }

    /// Status and body of a path of the metrics listener.
    pub(crate) fn http(&self, path: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.metrics_port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let status = answer.split(' ').nth(1)?.parse().ok()?;
        let (_, body) = answer.split_once("\r\n\r\n")?;
        Some((status, body.to_owned()))
    }

    /// The value of a metric, summed over its labels.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let (_, body) = self.http("/metrics").expect("/metrics");
        body.lines()
            .filter(|line| line.strip_prefix(name).is_some_and(|r| r.starts_with([' ', '{'])))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }

    /// Resident memory of the process, bytes.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- pgward said:\n{}", self.log());
        }
    }
}

/// What identifies a statement across its records.
pub(crate) fn statement(record: &Value) -> String {
    match &record["statement_id"] {
        Value::Null => String::new(),
        id => format!("{}/{id}", record["session_id"]),
    }
}

/// All records of an audit directory, rotated files first. So many writes may have been broken off
/// by kill -9, each of which leaves the start of a line.
fn records(directory: &Path, broken_off: usize) -> Vec<Value> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "jsonl"));
    // `audit-<time>-<seq>.jsonl` sorts before `audit.jsonl`.
    files.sort();
    let mut torn = 0;
    let mut all = Vec::new();
    for path in &files {
        let bytes = fs::read(path).unwrap();
        let whole = bytes.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
        for line in bytes[..whole].split_inclusive(|&b| b == b'\n') {
            // Without its end: what was broken off inside a string is to end there.
            match serde_json::from_slice::<Value>(&line[..line.len() - 1]) {
                Ok(record) => all.push(record),
                Err(problem) if problem.is_eof() && torn < broken_off => torn += 1,
                Err(problem) => panic!("{problem} in {:?}", String::from_utf8_lossy(line)),
            }
        }
    }
    all
}

/// `pgward ARGUMENTS… --config FILE`, its environment cleared of ours.
pub(crate) fn program(arguments: &[&str], config: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgward"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PGWARD_") {
            command.env_remove(name);
        }
    }
    command.args(arguments).arg("--config").arg(config);
    command.current_dir(config.parent().unwrap());
    command
}

fn spawn(directory: &Path) -> Child {
    let log = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(directory.join("pgward.log"))
        .unwrap();
    program(&["serve"], &directory.join("proxy.toml"))
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

pub(crate) fn prepare(pg: &Pg, database: &str, options: &Options) -> (TempDir, u16, u16) {
    let directory = tempfile::Builder::new().prefix("pgward-it-").tempdir().unwrap();
    let port = free_port().unwrap();
    let metrics_port = free_port().unwrap();
    fs::write(
        directory.path().join("proxy.toml"),
        configuration(pg, database, options, port, metrics_port),
    )
    .unwrap();
    (directory, port, metrics_port)
}

/// The text of a configuration.
pub(crate) fn configuration(
    pg: &Pg,
    database: &str,
    options: &Options,
    port: u16,
    metrics_port: u16,
) -> String {
    let Options { listen, policy, limits, audit, reader, writer, control, host, sslmode, .. } =
        options;
    let upstream_port = options.port.unwrap_or_else(|| pg.port());
    let (more, admin, last) = (&options.database, &options.admin, &options.more);
    let role = |user: &str| format!("{{ user = \"{user}\", password = \"{PASSWORD}\" }}");
    let writer =
        if writer.is_empty() { String::new() } else { format!("writer = {}\n", role(writer)) };
    let (reader, control) = (role(reader), role(control));
    format!(
        "[listen]\naddress = \"127.0.0.1:{port}\"\n{listen}\n\n\
         [databases.{database}]\nhost = \"{host}\"\nport = {upstream_port}\n\
         dbname = \"{database}\"\nsslmode = \"{sslmode}\"\nreader = {reader}\n\
         {writer}control = {control}\n{more}\n\n\
         [store]\nurl = \"sqlite:pgward.db\"\n\n\
         [policy]\n{policy}\n\n[limits]\n{limits}\n\n\
         [audit]\ndirectory = \"audit\"\n{audit}\n\n\
         [admin]\nsocket = \"pgward.sock\"\n{admin}\n\n\
         [metrics]\naddress = \"127.0.0.1:{metrics_port}\"\n\n{last}\n"
    )
}
