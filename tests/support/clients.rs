//! Programs that people use, run with a time limit.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use pgward::cli::demo::postgres::Install;

use super::SLACK;
use super::gate::{Gate, Grant};
use super::pg::{Pg, target};

/// What a program left.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) success: bool,
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Output {
    /// Its standard output; fails the test when the program failed.
    pub(crate) fn expect(self, what: &str) -> String {
        assert!(self.success, "{what}: {:?}\n{}\n{}", self.code, self.stdout, self.stderr);
        self.stdout
    }
}

/// Runs a program to its end, with `input` on its standard input; fails the test when it takes
/// longer than `expected` times [`SLACK`].
pub(crate) fn run(command: &mut Command, input: &str, expected: Duration) -> Output {
    let limit = expected * SLACK;
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || {
        let _ = stdin.write_all(input.as_bytes());
    });
    let mut stdout = child.stdout.take().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let out = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stdout.read_to_end(&mut bytes);
        bytes
    });
    let err = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stderr.read_to_end(&mut bytes);
        bytes
    });
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > limit {
            let _ = child.kill();
            let _ = child.wait();
            let text = String::from_utf8_lossy(&err.join().unwrap()).into_owned();
            panic!("{command:?} did not end within {limit:?}: {text}");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    writer.join().unwrap();
    Output {
        success: status.success(),
        code: status.code(),
        stdout: String::from_utf8_lossy(&out.join().unwrap()).into_owned(),
        stderr: String::from_utf8_lossy(&err.join().unwrap()).into_owned(),
    }
}

/// Where a client connects to.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) database: String,
    pub(crate) password: String,
}

impl Address {
    /// Through pgward.
    pub(crate) fn gate(gate: &Gate, grant: &Grant) -> Self {
        Self {
            port: gate.port,
            user: grant.user.clone(),
            database: gate.database.clone(),
            password: grant.token.clone(),
        }
    }

    /// Past pgward, as the role that read grants use.
    pub(crate) fn direct(pg: &Pg, database: &str) -> Self {
        Self {
            port: pg.port(),
            user: "reader".to_owned(),
            database: database.to_owned(),
            password: super::pg::PASSWORD.to_owned(),
        }
    }

    /// Past pgward, as a role of choice.
    pub(crate) fn direct_as(pg: &Pg, database: &str, user: &str) -> Self {
        Self { user: user.to_owned(), ..Self::direct(pg, database) }
    }

    /// Tells a program by libpq's environment variables (never by its arguments).
    pub(crate) fn environment(&self, command: &mut Command) {
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        command
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", &self.user)
            .env("PGDATABASE", &self.database)
            .env("PGPASSWORD", &self.password)
            .env("PGCONNECT_TIMEOUT", "20")
            .env("LC_ALL", "C.UTF-8");
    }
}

/// A program of the installed PostgreSQL.
pub(crate) fn tool(name: &str) -> Command {
    let install = Install::find().expect("run scripts/setup.sh test");
    let path = install.tool(name);
    Command::new(if path.exists() { path } else { PathBuf::from(name) })
}

/// psql without start-up files, reading `input`.
pub(crate) fn psql(address: &Address, arguments: &[&str], input: &str) -> Output {
    let mut command = tool("psql");
    address.environment(&mut command);
    command.args(["-X", "-q"]).args(arguments);
    run(&mut command, input, Duration::from_secs(60))
}

/// pgbench.
pub(crate) fn pgbench(address: &Address, arguments: &[&str]) -> Output {
    let mut command = tool("pgbench");
    address.environment(&mut command);
    command.args(arguments);
    run(&mut command, "", Duration::from_secs(180))
}

/// pg_dump.
pub(crate) fn pg_dump(address: &Address, arguments: &[&str]) -> Output {
    let mut command = tool("pg_dump");
    address.environment(&mut command);
    command.args(arguments);
    run(&mut command, "", Duration::from_secs(60))
}

/// A script of `tests/drivers`.
pub(crate) fn python(address: &Address, script: &str) -> Output {
    python_with(address, script, &[])
}

/// The same with more in its environment.
pub(crate) fn python_with(address: &Address, script: &str, environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(target().join("drivers/python/bin/python"));
    address.environment(&mut command);
    command.envs(environment.iter().copied());
    command.arg(drivers().join(script));
    run(&mut command, "", Duration::from_secs(60))
}

/// A script of `tests/drivers`.
pub(crate) fn node(address: &Address, script: &str) -> Output {
    let mut command = Command::new("node");
    address.environment(&mut command);
    command.env("NODE_PATH", target().join("drivers/node/node_modules"));
    command.arg(drivers().join(script));
    run(&mut command, "", Duration::from_secs(60))
}

/// A Java program of `tests/drivers`, compiled first.
pub(crate) fn java(address: &Address, class: &str) -> Output {
    java_with(address, class, &[])
}

/// The same with more in its environment.
pub(crate) fn java_with(address: &Address, class: &str, environment: &[(&str, &str)]) -> Output {
    let jar = std::env::var("PGWARD_JDBC_JAR")
        .unwrap_or_else(|_| "/usr/share/java/postgresql.jar".to_owned());
    let classes = target().join("drivers/java");
    std::fs::create_dir_all(&classes).unwrap();
    let mut javac = Command::new("javac");
    javac.arg("-d").arg(&classes).arg(drivers().join(format!("{class}.java")));
    run(&mut javac, "", Duration::from_secs(120)).expect("javac");
    let scram = "/usr/share/java/ongres-scram-client.jar:/usr/share/java/ongres-scram-common.jar:\
                 /usr/share/java/ongres-stringprep.jar:/usr/share/java/saslprep.jar";
    let mut command = Command::new("java");
    address.environment(&mut command);
    command.envs(environment.iter().copied());
    command.args(["-Xshare:auto", "-cp"]).arg(format!("{jar}:{}:{scram}", classes.display()));
    command.arg(class);
    run(&mut command, "", Duration::from_secs(120))
}

fn drivers() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/drivers")
}
