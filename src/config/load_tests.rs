use std::path::Path;

use secrecy::ExposeSecret;

use super::*;
use crate::config::{AuditParameters, ClientAuth, SslMode};

const DATABASE: &str = "[databases.app]\nhost = \"10.0.0.5\"\nreader = { user = \"r\" }\n";

fn read(text: &str) -> Loaded {
    let env = |name: &str| match name {
        "EMPTY" => Some(String::new()),
        name => name.contains("READER_PASSWORD").then(|| "from env".to_owned()),
    };
    parse("proxy.toml", text, Path::new("/etc/pgward"), &env)
}

fn problems(text: &str) -> Vec<String> {
    read(text).problems.iter().map(ToString::to_string).collect()
}

#[test]
fn the_reference_file_is_the_defaults_and_names_every_key() {
    let reference = include_str!("../../proxy.toml");
    let (loaded, defaults) = (read(reference), read(""));
    assert_eq!(loaded.problems, []);
    assert_eq!(format!("{:?}", loaded.config), format!("{:?}", defaults.config));
    // The example database stands in comments: uncommented, the file must still be right, and
    // then every key that can be written stands in it.
    let uncommented: String = reference
        .lines()
        .map(|line| line.strip_prefix("#: ").unwrap_or(line))
        .map(|line| format!("{line}\n"))
        .collect();
    let full = read(&uncommented);
    let missing_files = |problem: &&Problem| !problem.what.contains("cannot be read");
    assert_eq!(full.problems.iter().filter(missing_files).collect::<Vec<_>>(), [] as [&Problem; 0]);
    for key in &full.keys {
        let last = key.rsplit('.').next().unwrap_or(key);
        let section = key.strip_suffix(last).unwrap_or("").trim_end_matches('.');
        let dotted =
            key.rsplit_once("tls.").map_or(last.to_owned(), |(_, last)| format!("tls.{last}"));
        let written = uncommented.contains(&format!("\n{dotted} ="))
            || uncommented.contains(&format!("[{key}]"))
            || (section.ends_with("er") || section.ends_with("control"))
                && uncommented.contains(last)
            || section == "policy.approvals" && uncommented.contains(&format!(" {last} = "))
            || section == "alerts.webhooks" && uncommented.contains(last)
            || ["databases", "roles", "listen.tls", "admin.tls"].contains(&key.as_str());
        assert!(written, "{key} is not in proxy.toml");
    }
}

#[test]
fn every_problem_is_found_at_once_with_its_line() {
    let text = "[listen]\nadress = \"0.0.0.0:6432\"\nmax_sessions = 0\nauth = \"scam\"\n\n\
                [policy]\nmax_ttl = 0\ndefault_ttl = \"9h\"\n[limitz]\n[databases.app]\nprot = 1\n";
    let found = problems(text);
    let expected = [
        "proxy.toml:2: listen.adress: unknown key\n    did you mean `address`? else delete it",
        "proxy.toml:3: listen.max_sessions: 0 is out of range\n    write a number from 1 to 1000000",
        "proxy.toml:4: listen.auth: \"scam\" is not a possible value\n    did you mean \"scram\"? \
         possible: \"scram\", \"scram-or-password\"",
        "proxy.toml:7: policy.max_ttl: expected a duration, found a number\n    write a duration \
         such as \"30s\", \"15m\", \"1h\", \"4h30m\", \"2d\"",
        "proxy.toml:8: policy.default_ttl: it is longer than policy.max_ttl\n    shorten it, or \
         raise policy.max_ttl",
        "proxy.toml:9: limitz: unknown key\n    did you mean `limits`? else delete it",
    ];
    for line in expected {
        assert!(found.iter().any(|problem| problem == line), "{line}\nnot in {found:#?}");
    }
    assert!(
        found.iter().any(|p| p.starts_with("proxy.toml:10: databases.app.host: it is missing"))
    );
    assert!(
        found.iter().any(|p| p.starts_with("proxy.toml:10: databases.app.reader: it is missing"))
    );
    assert!(
        found
            .iter()
            .any(|p| p.contains(":11: databases.app.prot: unknown key\n    did you mean `port`"))
    );
    assert_eq!(found.len(), 9, "{found:#?}");
}

#[test]
fn single_problems() {
    let cases = [
        ("[listen]\naddress = \"0.0.0.0:6432\"", "is not loopback, and without TLS"),
        ("[listen]\naddress = \"6432\"", "is not an IP address with a port"),
        ("[listen]\naddress = 6432", "expected a text, found a number"),
        ("[listen]\nmax_sessions = \"many\"", "expected a whole number, found a text"),
        ("[listen]\nallow_plaintext = \"yes\"", "expected true or false, found a text"),
        ("[listen]\ntls.certificate = \"/nowhere.pem\"", "listen.tls.key: it is missing"),
        ("[listen]\ntls.certificate = \"/nowhere.pem\"", "/nowhere.pem cannot be read"),
        ("[listen]\nlogin_timeout = \"0s\"", "is out of range"),
        ("listen = 1", "expected a table, found a number"),
        ("[store]\nurl = \"postgres://h/d\"", "not supported yet"),
        ("[store]\nurl = \"mysql:x\"", "is not the URL of a store"),
        ("[store]\nurl = \"sqlite:\"", "path of the SQLite file is missing"),
        ("[policy]\nmax_ttl = \"9999d\"", "is out of range"),
        ("[policy]\nmax_ttl = \"0s\"", "is out of range"),
        ("[policy]\nmax_ttl = \"-1h\"", "is not a duration"),
        ("[policy]\nmax_write_ttl = \"9h\"", "longer than policy.max_ttl"),
        ("[policy]\nreason_min_length = 0", "is out of range"),
        ("[policy]\nallow_functions = [\"f\"]", "is not a function's name: write schema.name"),
        ("[policy]\nallow_functions = [\"pg_catalog.set_config\"]", "it would lift read-only"),
        ("[policy]\nallow_functions = \"a.f\"", "expected a list, found a text"),
        ("[policy]\nallow_functions = [1]", "expected a text in the list, found a number"),
        ("[limits]\nstatement_timeout = \"0s\"", "is out of range"),
        ("[limits]\nstatement_timeout = \"25d\"", "is out of range"),
        ("[limits]\nstatement_bytes = \"1MB\"", "is not a size"),
        ("[limits]\nstatement_bytes = \"2GiB\"", "is out of range"),
        ("[limits]\nmax_rows_reed = 5", "limits.max_rows_reed: unknown key"),
        ("[audit]\nsync = \"flush\"", "is not a possible value"),
        ("[audit]\ndirectory = \"\"", "the directory is empty"),
        ("[admin]\nsocket = \"\"", "empty, or longer than 107 bytes"),
        ("[metrics]\naddress = \"127.0.0.1:6432\"", "clients connect at the same address"),
        ("[alerts]\nwebhooks = 1", "expected a list of tables"),
        ("[listen\n", "not TOML"),
        ("[listen]\nauth = \"scram\"\nauth = \"scram\"\n", "proxy.toml:3: not TOML: duplicate key"),
        ("[databases.app]\nhost = \"h\"\nreader = { }", "databases.app.reader.user: it is missing"),
        ("[databases.app]\nhost = \"h\"\nreader = \"me\"", "expected a table, found a text"),
        ("[databases]\napp = 1", "expected a table, found a number"),
        (
            "[databases.app]\nhost = \"h\"\nreader = { user = \"r\", password_env = \"NOPE\" }",
            "the environment variable NOPE is not set",
        ),
        (
            "[databases.app]\nhost = \"h\"\nreader = { user = \"r\", password_env = \"EMPTY\" }",
            "the environment variable EMPTY is empty",
        ),
        (
            "[databases.app]\nhost = \"h\"\nreader = { user = \"r\", password = \"\" }",
            "databases.app.reader.password: it is empty",
        ),
        (
            "[databases.app]\nhost = \"h\"\nreader = { user = \"r\", password_file = \"/dev/null\" }",
            "/dev/null is empty",
        ),
        (
            "[databases.app]\nhost = \"h\"\nreader = { user = \"r\", password_file = \"no.pw\" }",
            "/etc/pgward/no.pw cannot be read",
        ),
        (
            "[databases.app]\nhost = \"h\"\nreader = { user = \"r\", password = \"a\", password_env = \"READER_PASSWORD\" }",
            "more than one of password",
        ),
        ("[databases.app]\nhost = \"h\"\nport = 70000\nreader = { user = \"r\" }", "out of range"),
        (
            "[databases.app]\nhost = \"h\"\nsslmode = \"allow\"\nreader = { user = \"r\" }",
            "\"allow\" is not a possible value",
        ),
    ];
    for (text, expected) in cases {
        let found = problems(text);
        assert!(found.iter().any(|problem| problem.contains(expected)), "{text}\n{found:#?}");
    }
}

#[test]
fn what_is_written_is_what_is_meant() {
    let text = format!(
        "{DATABASE}[databases.near]\nhost = \"localhost\"\ndbname = \"x\"\n\
         reader = {{ user = \"r\", password_env = \"READER_PASSWORD\" }}\n\
         control = {{ user = \"c\" }}\n[listen]\nauth = \"scram-or-password\"\n\
         [audit]\nrotate_bytes = \"never\"\nparameters = \"hash\"\n[metrics]\naddress = \"off\"\n\
         [policy]\nmax_ttl = \"30m\"\n[limits]\nstatement_bytes = 4096\n"
    );
    let Loaded { config, problems, .. } = read(&text);
    assert_eq!(problems, []);
    let (app, near) = (&config.databases["app"], &config.databases["near"]);
    assert_eq!((app.sslmode, near.sslmode), (SslMode::VerifyFull, SslMode::Disable));
    assert_eq!((app.dbname.as_str(), near.dbname.as_str()), ("app", "x"));
    assert_eq!((app.control.user.as_str(), near.control.user.as_str()), ("r", "c"));
    assert_eq!(near.reader.password.as_ref().map(|p| p.expose_secret()), Some("from env"));
    assert_eq!(config.listen.auth, ClientAuth::ScramOrPassword);
    assert_eq!(config.audit.parameters, AuditParameters::Hash);
    assert_eq!((config.audit.rotate_bytes, config.metrics.address), (None, None));
    assert_eq!(config.limits.statement_bytes, 4_096);
    // The other TTLs give way to a shorter max_ttl.
    assert_eq!(config.policy.default_ttl, config.policy.max_ttl);
    assert_eq!(config.policy.max_write_ttl, config.policy.max_ttl);
    assert_eq!(config.store.path, Path::new("/etc/pgward/pgward.db"));
    assert_eq!(config.admin.socket, Path::new("/etc/pgward/pgward.sock"));
}

#[test]
fn debug_output_holds_no_password() {
    let text = "[databases.a]\nhost = \"h\"\nreader = { user = \"r\", password = \"hunter2\" }";
    assert!(!format!("{:?}", read(text)).contains("hunter2"));
}

#[test]
fn a_file_that_is_not_there_or_names_no_database() {
    let missing = Config::load(Path::new("/nowhere/proxy.toml")).unwrap_err().to_string();
    assert!(missing.starts_with("/nowhere/proxy.toml: the configuration file cannot be read"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("proxy.toml");
    std::fs::write(&path, "[listen]\n").unwrap();
    assert!(Config::load(&path).unwrap_err().to_string().contains("no database is configured"));
}

#[test]
fn commands_beside_a_server_need_its_socket_and_none_of_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("proxy.toml");
    let glance = |text: &str| {
        std::fs::write(&path, text).unwrap();
        Config::glance(&path).map(|config| config.admin.socket).map_err(|error| error.to_string())
    };
    let socket = folder.path().join("here.sock");
    for text in [
        "admin.socket = \"here.sock\"",
        // Keys and passwords that only the server's user may read.
        "[admin]\nsocket = \"here.sock\"\naddress = \"127.0.0.1:1\"\ntls.certificate = \
         \"/nowhere.pem\"\ntls.key = \"/nowhere.key\"\ntls.client_ca = \"/nowhere.ca\"\n\
         [databases.app]\nhost = \"h\"\nreader = { user = \"r\", password_file = \"/no\" }",
    ] {
        assert_eq!(glance(text), Ok(socket.clone()), "{text}");
    }
    let typo = glance("[admin]\nsokcet = \"here.sock\"").unwrap_err();
    assert!(typo.contains("did you mean `socket`?"), "{typo}");
    let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
    let told = super::not_for_all("proxy.toml", &denied).to_string();
    assert!(told.contains("`admin.socket = \"…\"`"), "{told}");
}
