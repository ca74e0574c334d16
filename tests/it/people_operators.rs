//! Who may do what: users of the machine at the admin socket, operators with tokens over TLS,
//! and each verb with a permission of its own.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::time::Duration;

use pgward::cli::demo::postgres::free_port;
use serde_json::{Value, json};

use super::people::{Company, SOON};
use crate::support::gate::{self, Gate, Options};
use crate::support::pki::Authority;
use crate::support::{clients, eventually, pg};

#[test]
fn each_verb_has_a_permission_of_its_own() {
    let company = Company::new("", "");
    let rights = ["request", "approve", "administer", "audit", "break-glass"];
    let people: Vec<_> =
        rights.iter().map(|right| company.hire(&format!("who-{right}"), right)).collect();
    let database = company.gate.database.as_str();
    let wish = ["--database", database, "--reason", "INC-4211 stuck orders"];
    let id = "g_0000000000";
    let verbs: [(&[&str], bool, &[&str]); 14] = [
        (&["grant", "create", "--user", "x"], true, &["administer"]),
        (&["grant", "request"], true, &["request", "administer"]),
        (&["grant", "break-glass"], true, &["break-glass"]),
        (&["grant", "approve", id], false, &["approve"]),
        (&["grant", "deny", id], false, &["approve"]),
        (&["grant", "redeem", id], false, &["request", "administer"]),
        (&["grant", "extend", id, "--ttl", "1h"], false, &["request", "administer"]),
        (&["grant", "rotate", id], false, &["request", "administer", "break-glass"]),
        (&["grant", "revoke", id], false, &["administer"]),
        (&["grant", "revoke", "--user", "nobody"], false, &["administer"]),
        (&["grant", "review", id, "--reason", "seen"], false, &["audit", "administer"]),
        (&["session", "kill", "s_000000000000"], false, &["administer"]),
        (&["operator", "list"], false, &["administer", "audit"]),
        (&["operator", "remove", "nobody"], false, &["administer"]),
    ];
    for (verb, with_wish, may) in verbs {
        for (right, person) in rights.iter().zip(&people) {
            let wish = if with_wish { &wish[..] } else { &[] };
            let output = person.run(&[verb, wish].concat());
            let turned_away = output.stderr.contains("may not do that");
            assert_eq!(!turned_away, may.contains(right), "{verb:?} by {right}: {}", output.stderr);
        }
    }
    // Nobody sees or ends what is another's, or learns that it is there.
    let other = company.gate.grant(&["--user", "bob"]);
    let request = &people[0];
    let listed = request.json(&["grant", "list", "--all"]);
    let users: Vec<&Value> = listed.as_array().unwrap().iter().map(|one| &one["user"]).collect();
    assert!(users.iter().all(|user| **user == "who-request"), "{users:?}");
    for verb in ["show", "release", "rotate", "redeem"] {
        let why = request.refused(&["grant", verb, &other.id]);
        assert!(why.contains("there is no grant"), "{verb}: {why}");
    }
    let why = request.refused(&["grant", "extend", &other.id, "--ttl", "2h"]);
    assert!(why.contains("there is no grant"), "{why}");
    let _session = company.gate.session(&other);
    assert_eq!(request.json(&["session", "list"]), json!([]));
    assert_eq!(people[3].json(&["session", "list"]).as_array().unwrap().len(), 1);
}

#[test]
fn who_is_removed_leaves_no_way_in() {
    let company = Company::new("", "");
    let gate = &company.gate;
    let (alice, bob) = (company.hire("alice", "request"), company.hire("bob", "request"));
    let dana = company.hire("dana", "approve");
    let [used, unredeemed, pending] = [alice.ask(&[]), alice.ask(&[]), alice.ask(&[])];
    let approved = bob.ask(&[]);
    for id in [&used, &unredeemed, &approved] {
        dana.json(&["grant", "approve", id]);
    }
    let grant = alice.redeem(&used);
    let mut session = gate.session(&grant);
    let removed = gate.json(&["operator", "remove", "alice"]);
    assert_eq!(removed["grants"].as_array().unwrap().len(), 3, "{removed}");
    assert_eq!(session.reply().code(), "57P01");
    for id in [&used, &unredeemed, &pending] {
        assert_eq!(company.show(id)["state"], "revoked");
    }
    assert_eq!(gate.login_error("alice", &gate.database, &grant.token).code(), "28000");
    assert!(alice.refused(&["grant", "list"]).contains("no operator by that token"));
    // What dana approved rests on dana's word. As `operator list` names her.
    gate.json(&["operator", "remove", "op:dana"]);
    assert_eq!(company.show(&approved)["state"], "revoked");
    assert!(bob.refused(&["grant", "redeem", &approved]).contains("is revoked"));
    let operators = gate.json(&["operator", "list"]);
    assert_eq!(operators.as_array().unwrap().len(), 1, "{operators}");
    let events: Vec<Value> = ["operator.created", "operator.removed"]
        .iter()
        .flat_map(|event| gate.events(event))
        .map(|one| one["actor"].clone())
        .collect();
    assert_eq!(events.len(), 5);
    assert!(events.iter().all(|actor| actor.as_str().unwrap().starts_with("os:")), "{events:?}");
}

#[test]
fn a_database_or_role_that_is_gone_takes_its_grants_along() {
    let role = "[roles.on-call]\nscopes = [\"update:public.orders\"]\n";
    let company = Company::new("", role);
    let gate = &company.gate;
    let by_role = gate.grant(&["--role", "on-call"]);
    let plain = gate.read_grant();
    let mut session = gate.session(&by_role);
    let path = gate.path("proxy.toml");
    let config = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, config.replace(role, "")).unwrap();
    gate.signal("HUP");
    let state = |id: &str| gate.json(&["grant", "show", id])["state"].clone();
    eventually("its grant has ended", SOON, || state(&by_role.id) == "revoked");
    assert_eq!(session.reply().code(), "57P01");
    assert_eq!(state(&plain.id), "active");
    let because = gate.json(&["grant", "show", &by_role.id])["ended_because"].clone();
    assert!(because.as_str().unwrap().contains("role \"on-call\" is not configured any more"));
}

#[test]
fn the_api_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let authority = Authority::new("pgward test admin");
    let pem = authority.sign(&["localhost"]);
    let (certificate, key) = (file("a.pem", &pem.certificate), file("a.key", &pem.key));
    let roots = file("roots.pem", &authority.pem());
    let port = free_port().unwrap();
    let admin = format!(
        "address = \"127.0.0.1:{port}\"\ntls.certificate = \"{}\"\ntls.key = \"{}\"",
        certificate.display(),
        key.display()
    );
    let gate = Gate::with(pg::distribution(), &Options { admin, ..Options::default() });
    let made = gate.json(&["operator", "create", "alice", "--may", "request,audit"]);
    let token = made["token"].as_str().unwrap();
    let run = |url: &str, ca: Option<&std::path::Path>, token: &str| {
        let mut command =
            gate::program(&["operator", "list", "-o", "json"], &gate.path("proxy.toml"));
        command.args(["--server", url]);
        if let Some(ca) = ca {
            command.arg("--server-ca").arg(ca);
        }
        command.env("PGWARD_OPERATOR_TOKEN", token);
        clients::run(&mut command, "", Duration::from_secs(60))
    };
    let url = format!("https://localhost:{port}");
    let listed = run(&url, Some(&roots), token).expect("operator list");
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed[0]["actor"], "op:alice");
    assert!(!listed.to_string().contains("pgw_"));
    // Without the roots it isn't trusted; the token isn't sent.
    let untrusted = run(&url, None, token);
    assert!(untrusted.stderr.contains("no encrypted connection"), "{}", untrusted.stderr);
    let plain = run(&format!("http://127.0.0.1:{port}"), None, token);
    assert!(!plain.success);
    // A grant's token, a changed one, and none at all say the same.
    let grant = gate.read_grant();
    let wrong = run(&url, Some(&roots), &grant.token);
    assert!(wrong.stderr.contains("no operator by that token"), "{}", wrong.stderr);
    let typo = run(&url, Some(&roots), &token[..token.len() - 1]);
    assert!(typo.stderr.contains("PGWARD_OPERATOR_TOKEN: the token is cut off"), "{}", typo.stderr);
    assert!(!typo.stderr.contains(&token[8..]));
    // An operator's token opens no database.
    assert_eq!(gate.login_error("alice", &gate.database, token).code(), "28P01");
}

#[test]
fn users_of_the_machine_by_their_names() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("only root can be somebody else: not shown here");
        return;
    }
    let admin = "operators = { nobody = [\"request\"], daemon = [\"approve\"] }".to_owned();
    let gate = Gate::with(pg::distribution(), &Options { admin, ..Options::default() });
    let directory = gate.directory.path();
    std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o755)).unwrap();
    let program = directory.join("pgward");
    std::fs::copy(env!("CARGO_BIN_EXE_pgward"), &program).unwrap();
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let uid = |name: &str| -> u32 {
        let line = users.lines().find(|line| line.starts_with(&format!("{name}:"))).unwrap();
        line.split(':').nth(2).unwrap().parse().unwrap()
    };
    let run = |uid: u32, arguments: &[&str]| {
        let mut command = std::process::Command::new(&program);
        command.args(arguments).arg("--config").arg(directory.join("proxy.toml"));
        command.args(["-o", "json"]).env_clear().current_dir(directory).uid(uid).gid(uid);
        clients::run(&mut command, "", Duration::from_secs(60))
    };
    let (nobody, daemon, stranger) = (uid("nobody"), uid("daemon"), 54_321);
    let database = gate.database.as_str();
    let ask = ["grant", "request", "--database", database, "--reason", "INC-4211 stuck orders"];
    let asked: Value = serde_json::from_str(&run(nobody, &ask).expect("request")).unwrap();
    assert_eq!((&asked["user"], &asked["created_by"]), (&json!("nobody"), &json!("os:nobody")));
    let id = asked["id"].as_str().unwrap();
    let why = run(nobody, &["grant", "approve", id]).stderr;
    assert!(why.contains("os:nobody may not do that"), "{why}");
    run(daemon, &["grant", "approve", id]).expect("approve");
    let redeemed = run(nobody, &["grant", "redeem", id]).expect("redeem");
    assert!(redeemed.contains("pgw_"));
    let why = run(stranger, &["grant", "list"]).stderr;
    assert!(why.contains("os:54321 is not an operator"), "{why}");
    assert_eq!(gate.json(&["grant", "show", id])["state"], "active");
    // Without operators nobody else can even connect, and what they had has ended.
    let path = directory.join("proxy.toml");
    let config = std::fs::read_to_string(&path).unwrap();
    let without: Vec<&str> = config.lines().filter(|line| !line.starts_with("operators")).collect();
    std::fs::write(&path, without.join("\n")).unwrap();
    gate.signal("HUP");
    eventually("the socket is the owner's again", SOON, || {
        let mode = std::fs::metadata(directory.join("pgward.sock")).unwrap().permissions().mode();
        mode & 0o777 == 0o600
    });
    let why = run(nobody, &["grant", "list"]).stderr;
    assert!(why.contains("is not for this user"), "{why}");
    eventually("their grant has ended", SOON, || {
        gate.json(&["grant", "show", id])["state"] == "revoked"
    });
}
