//! What the commands say, word for word: help texts are the manual, and errors say what, why and
//! what to do. `INSTA_UPDATE=always cargo test --test cli` writes the snapshots anew.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "tests")]

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use tempfile::TempDir;

/// A folder of its own, as working directory.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// The same with a configuration.
    fn with(config: &str) -> Self {
        let bench = Self::new();
        fs::write(bench.path().join("proxy.toml"), config).unwrap();
        bench
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// What a command line does: exit status, stdout, stderr.
    fn run(&self, line: &str) -> String {
        let mut command = Command::cargo_bin("pgward").unwrap();
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PGWARD_") {
                command.env_remove(name);
            }
        }
        command.current_dir(self.path()).args(words(line));
        let output = command.timeout(std::time::Duration::from_secs(30)).output().unwrap();
        let text = format!(
            "$ pgward {line}\nexit {}\n--- stdout\n{}--- stderr\n{}",
            output.status.code().map_or_else(|| "by signal".to_owned(), |code| code.to_string()),
            without_functions(&String::from_utf8(output.stdout).unwrap()),
            String::from_utf8(output.stderr).unwrap(),
        );
        let folder = self.path().canonicalize().unwrap();
        text.replace(&folder.display().to_string(), "[folder]")
            .replace(&self.path().display().to_string(), "[folder]")
            .replace(env!("CARGO_PKG_VERSION"), "[version]")
    }
}

/// The functions of `config setup-sql` are read where they stand (docker/roles.sql has them all).
fn without_functions(script: &str) -> String {
    let (begin, end) = ("\n-- Scope roles: ", "\nCOMMIT;\n");
    match (script.find(begin), script.find(end)) {
        (Some(from), Some(to)) => {
            format!("{}\n[functions]{}", &script[..from], &script[to + end.len() - 1..])
        }
        _ => script.to_owned(),
    }
}

/// Splits a line into words; double quotes keep words together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, part) in line.split('"').enumerate() {
        if index % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

const GOOD: &str = "[databases.app]\nhost = \"127.0.0.1\"\nport = 1\n\
                    reader = { user = \"pgward_reader\" }\nwriter = { user = \"pgward_writer\" }\n\
                    control = { user = \"pgward_control\" }\n";

#[test]
fn the_manual() {
    let bench = Bench::new();
    for line in [
        "--version",
        "--help",
        "serve --help",
        "config --help",
        "config check --help",
        "config setup-sql --help",
        "grant --help",
        "grant create --help",
        "grant request --help",
        "grant approve --help",
        "grant deny --help",
        "grant redeem --help",
        "grant list --help",
        "grant show --help",
        "grant extend --help",
        "grant rotate --help",
        "grant release --help",
        "grant revoke --help",
        "grant break-glass --help",
        "grant review --help",
        "operator --help",
        "operator create --help",
        "operator list --help",
        "operator remove --help",
        "session --help",
        "session list --help",
        "session kill --help",
        "audit --help",
        "audit tail --help",
        "audit search --help",
        "audit replay --help",
        "check --help",
    ] {
        let name = line.replace("--", "").replace(' ', "_");
        insta::assert_snapshot!(format!("manual_{name}"), bench.run(line));
    }
}

#[test]
fn usage_errors() {
    let bench = Bench::with(GOOD);
    let lines = [
        "",
        "grnat list",
        "grant approve",
        "grant extend g_0000000000",
        "grant break-glass --database app",
        "operator create alice",
        "grant create --user alice",
        "grant revoke",
        "grant revoke g_0000000000 --all",
        "grant revoke alice",
        "grant show pgw_0000000000_nnhfvkedcs3vhrczxxtw33c2tf_1c99qk1",
        "grant list --coulor",
        "session kill 17",
        "config check -o yaml",
    ];
    let all: Vec<String> = lines.iter().map(|line| bench.run(line)).collect();
    assert!(all.iter().all(|text| text.contains("\nexit 2\n")), "{all:#?}");
    // The command line as typed is the snapshot's; what was said repeats no token.
    assert!(all.iter().all(|text| text.matches("nnhfvkedcs3vhrczxxtw33c2tf").count() <= 1));
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn without_a_server() {
    let bench = Bench::with(GOOD);
    let lines = [
        "grant create --user alice --database app --reason \"INC-4211 stuck orders\"",
        "grant list",
        "grant show g_0000000000",
        "grant revoke --all",
        "grant request --database app --reason \"INC-4211 stuck orders\"",
        "grant extend g_0000000000 --ttl 30m",
        "grant list --server https://127.0.0.1:1",
        "grant list --server http://gateway:6433",
        "grant list --server gateway",
        "session list -o json",
        "session kill s_000000000000",
        "audit tail",
        "audit search --grant g_0000000000",
    ];
    let all: Vec<String> = lines.iter().map(|line| bench.run(line)).collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn without_a_configuration() {
    let bench = Bench::new();
    let lines = [
        "serve",
        "grant list",
        "config check",
        "config check --config elsewhere.toml -o json",
        "config setup-sql",
        "config setup-sql --database app",
        "config setup-sql --database app --from 10.0.0.7/32",
    ];
    let all: Vec<String> = lines.iter().map(|line| bench.run(line)).collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn a_configuration_full_of_problems() {
    let bench = Bench::with(
        "[listen]\nadress = \"0.0.0.0:6432\"\naddress = \"0.0.0.0:6432\"\nmax_sessions = 0\n\
         auth = \"scram-or-pasword\"\n\n[databases.app]\nhots = \"10.0.0.5\"\nport = 70000\n\
         sslmode = \"verify\"\nreader = { user = \"r\", password = \"x\", password_env = \"X\" }\n\n\
         [databases.logs]\nhost = \"10.0.0.6\"\n\
         reader = { user = \"r\", password_file = \"none.txt\" }\n\n\
         [store]\nurl = \"postgres://db/grants\"\n\n[policy]\nmax_ttl = \"0s\"\n\
         default_ttl = \"forever\"\nallow_functions = [\"now\"]\n\n[limits]\n\
         statement_bytes = \"1MB\"\nmax_rows_reed = 10\n\n[audit]\nsync = \"always\"\n\n\
         [roles.empty]\n[roles.odd]\nscopes = [\"update:orders\"]\napprovals = 99\n\n\
         [admin]\naddress = \"0.0.0.0:6433\"\n\
         operators = { alice = [\"aprove\"], bob = \"request\" }\n\n\
         [alerts]\nexpirin_in = \"5m\"\n[[alerts.webhooks]]\nurl = \"http://10.0.0.9/x\"\n",
    );
    insta::assert_snapshot!("problems_check", bench.run("config check"));
    insta::assert_snapshot!("problems_json", bench.run("config check -o json"));
    insta::assert_snapshot!("problems_serve", bench.run("serve"));
    // A broken file has only the problem that it is broken.
    let bench = Bench::with("[listen\naddress = 1\n");
    insta::assert_snapshot!("problems_not_toml", bench.run("config check"));
}

#[test]
fn checking_a_database_that_is_not_there() {
    let bench = Bench::with(GOOD);
    insta::assert_snapshot!("check_unreachable", bench.run("config check"));
    insta::assert_snapshot!("check_offline", bench.run("config check --offline"));
}

#[test]
fn places_and_secrets_are_checked_too() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::with(
        "[databases.app]\nhost = \"127.0.0.1\"\nport = 1\n\
         reader = { user = \"r\", password_file = \"r.password\" }\n\
         writer = { user = \"w\", password_file = \"w.password\" }\n\
         [audit]\ndirectory = \"proxy.toml/audit\"\n\
         [store]\nurl = \"sqlite:none/pgward.db\"\n\
         [admin]\nsocket = \"proxy.toml\"\n",
    );
    for (name, mode) in [("r.password", 0o644), ("w.password", 0o640)] {
        let path = bench.path().join(name);
        fs::write(&path, "secret\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    insta::assert_snapshot!("check_places", bench.run("config check --offline"));
}

#[test]
fn sql_that_prepares_a_database() {
    let bench = Bench::with(GOOD);
    insta::assert_snapshot!("setup_sql", bench.run("config setup-sql"));
    let two = format!("{GOOD}[databases.logs]\nhost = \"/run/pg\"\nreader = {{ user = \"r\" }}\n");
    let bench = Bench::with(&two);
    insta::assert_snapshot!("setup_sql_which", bench.run("config setup-sql"));
    insta::assert_snapshot!("setup_sql_typo", bench.run("config setup-sql --database log"));
    insta::assert_snapshot!("setup_sql_socket", bench.run("config setup-sql --database logs"));
}

#[test]
fn what_keeps_a_server_from_starting() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let cases = [
        ("listen", format!("[listen]\naddress = \"127.0.0.1:{port}\"\n")),
        ("metrics", format!("[metrics]\naddress = \"127.0.0.1:{port}\"\n")),
        ("directory", "[audit]\ndirectory = \"proxy.toml/audit\"\n".to_owned()),
        ("store", "[store]\nurl = \"sqlite:none/pgward.db\"\n".to_owned()),
        ("foreign", "[store]\nurl = \"sqlite:proxy.toml\"\n".to_owned()),
        ("socket", "[admin]\nsocket = \"proxy.toml\"\n".to_owned()),
        ("function", "[policy]\nallow_functions = [\"pg_catalog.set_config\"]\n".to_owned()),
    ];
    for (name, section) in cases {
        let off = if name == "metrics" { "" } else { "[metrics]\naddress = \"off\"\n" };
        let bench = Bench::with(&format!("{GOOD}{section}{off}"));
        let text = bench.run("serve").replace(&port.to_string(), "[port]");
        assert!(text.contains("\nexit 1\n"), "{text}");
        insta::assert_snapshot!(format!("start_{name}"), text);
    }
}
