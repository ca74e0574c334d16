//! From refusal to permission and back, typed by people with different roles: the real commands
//! against a real server. Operators with tokens stand for people; each is `http://` to loopback.

use std::io::BufRead as _;
use std::time::Duration;

use pgward::cli::demo::postgres::free_port;
use serde_json::{Value, json};

use crate::support::clients::{self, Output};
use crate::support::gate::{self, Gate, Grant, Options};
use crate::support::message::{self as m, Fields};
use crate::support::wire::Wire;
use crate::support::{eventually, pg};

/// Far more than any of it takes.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// A server whose API has an address, and people who may use it.
pub(crate) struct Company {
    pub(crate) gate: Gate,
    pub(crate) url: String,
}

/// Somebody with a token.
pub(crate) struct Colleague<'a> {
    company: &'a Company,
    token: String,
}

impl Company {
    pub(crate) fn new(policy: &str, more: &str) -> Self {
        let port = free_port().unwrap();
        let options = Options {
            admin: format!("address = \"127.0.0.1:{port}\""),
            policy: policy.into(),
            more: more.into(),
            ..Options::default()
        };
        let gate = Gate::with(pg::distribution(), &options);
        Self { gate, url: format!("http://127.0.0.1:{port}") }
    }

    /// Makes an operator.
    pub(crate) fn hire(&self, name: &str, may: &str) -> Colleague<'_> {
        let made = self.gate.json(&["operator", "create", name, "--may", may]);
        Colleague { company: self, token: made["token"].as_str().unwrap().to_owned() }
    }

    pub(crate) fn show(&self, id: &str) -> Value {
        self.gate.json(&["grant", "show", id])
    }

    /// The names of what happened to a grant, in order.
    fn history(&self, id: &str) -> Vec<String> {
        let shown = self.show(id);
        let lines = shown["history"].as_array().unwrap().iter();
        lines.map(|line| line["event"].as_str().unwrap().replace("grant.", "")).collect()
    }
}

impl Colleague<'_> {
    /// A command, as this person, from anywhere.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let mut command = gate::program(arguments, &self.company.gate.path("proxy.toml"));
        command.arg("--server").arg(&self.company.url);
        command.env("PGWARD_OPERATOR_TOKEN", &self.token);
        clients::run(&mut command, "", Duration::from_secs(60))
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let text = self.run(&[arguments, &["-o", "json"]].concat()).expect(&arguments.join(" "));
        serde_json::from_str(&text).unwrap()
    }

    /// What a refused command says.
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.code, Some(1), "{arguments:?}: {}{}", output.stdout, output.stderr);
        assert!(output.stderr.contains("hint: "), "it teaches nothing: {}", output.stderr);
        output.stderr
    }

    /// Asks for something at the database; gives the id.
    pub(crate) fn ask(&self, more: &[&str]) -> String {
        let database = self.company.gate.database.as_str();
        let ask = ["grant", "request", "--database", database, "--reason", "INC-4211 stuck orders"];
        let asked = self.json(&[&ask, more].concat());
        asked["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn redeem(&self, id: &str) -> Grant {
        let json = self.json(&["grant", "redeem", id]);
        let text = |key: &str| json[key].as_str().unwrap().to_owned();
        Grant { id: text("id"), user: text("user"), token: text("token"), json }
    }
}

fn try_login(gate: &Gate, grant: &Grant) -> Result<Wire, Fields> {
    Wire::try_connect(gate.port, &grant.id, &gate.database, &grant.token)
}

#[test]
fn asked_approved_redeemed_extended_and_given_back() {
    let company = Company::new("", "");
    let gate = &company.gate;
    let (alice, dana) = (company.hire("alice", "request"), company.hire("dana", "approve"));
    let id = alice.ask(&["--ttl", "30m"]);
    let shown = company.show(&id);
    assert_eq!((&shown["state"], &shown["user"]), (&json!("pending"), &json!("alice")));
    assert_eq!((&shown["created_by"], &shown["approvals_needed"]), (&json!("op:alice"), &json!(1)));
    // Each refused step says what, why, and the next command.
    let why = alice.refused(&["grant", "redeem", &id]);
    assert!(why.contains("waits for approvals: 0 of 1"), "{why}");
    assert!(why.contains(&format!("pgward grant approve {id} --revision 1")), "{why}");
    let why = alice.refused(&["grant", "approve", &id]);
    assert!(why.contains("op:alice may not do that") && why.contains("right to approve"), "{why}");
    let waiting = dana.json(&["grant", "list", "--waiting"]);
    assert_eq!(waiting[0]["id"], id.as_str());
    assert_eq!(dana.json(&["grant", "approve", &id])["state"], "approved");
    // Only who asked ever sees the token: not who approved, and not the server's owner.
    let why = dana.refused(&["grant", "redeem", &id]);
    assert!(why.contains("may not do that"), "{why}");
    let owner = gate.cli(&["grant", "redeem", &id]);
    assert!(owner.stderr.contains("nobody else sees its token"), "{}", owner.stderr);
    let grant = alice.redeem(&id);
    let mut session = gate.session(&grant);
    assert_eq!(session.query("SELECT 1").value(), "1");
    let refused = session.query("UPDATE orders SET note = NULL WHERE id = 1");
    assert_eq!(refused.code(), "25006");

    // A scope and more time, with the same token, for new connections.
    let scope = ["grant", "extend", &id, "--scope", "update:public.orders", "--ttl", "45m"];
    let asked = alice.json(&scope);
    assert_eq!(asked["state"], "active");
    assert_eq!(asked["scopes"], json!([]));
    assert_eq!(asked["extension"]["scopes"], json!(["update:public.orders"]));
    let before = company.show(&id)["expires_at"].clone();
    // Not what was read when it was a request.
    let why = dana.refused(&["grant", "approve", &id]);
    assert!(why.contains("revision 1 of") && why.contains("it is at 2 now"), "{why}");
    assert!(why.contains("revision 2 by op:alice: extension: 45m from its approval"), "{why}");
    assert!(why.contains(&format!("pgward grant approve {id} --revision 2")), "{why}");
    let shown = dana.run(&["grant", "show", &id]).expect("show");
    assert!(
        shown.contains(&format!("approve   pgward grant approve {id} --revision 2")),
        "{shown}"
    );
    let extended = dana.json(&["grant", "approve", &id, "--revision", "2"]);
    assert_eq!(extended["scopes"], json!(["update:public.orders"]));
    assert!(extended["expires_at"].as_str() > before.as_str(), "{extended} after {before}");
    // What is open goes on as it began, to the new end.
    assert_eq!(session.query("UPDATE orders SET note = NULL WHERE id = 1").code(), "25006");
    let listed = gate.json(&["session", "list", "--grant", &id]);
    assert_eq!(listed[0]["expires_at"], extended["expires_at"]);
    let mut second = gate.session(&grant);
    let update = second.query("UPDATE public.orders SET note = NULL WHERE id = 1");
    assert_eq!(update.tags, ["UPDATE 1"], "{update:?}");

    let statement = &gate.about("UPDATE public.orders")[0];
    assert_eq!(statement["approvers"], json!(["op:dana"]), "{statement}");
    // Given back: both sessions end, and who has the secret hears why.
    let released = alice.json(&["grant", "release", &id, "--reason", "fixed"]);
    assert_eq!((&released["state"], &released["sessions_ended"]), (&json!("released"), &json!(2)));
    let error = try_login(gate, &grant).err().unwrap();
    assert_eq!(error.code(), "28000");
    assert!(error.message().ends_with("is released"), "{error:?}");
    assert!(error.detail().contains("released by op:alice: fixed"), "{error:?}");
    let expected =
        ["requested", "approved", "redeemed", "requested", "approved", "extended", "released"];
    assert_eq!(company.history(&id), expected);
    for (event, actor) in [
        ("grant.requested", "op:alice"),
        ("grant.approved", "op:dana"),
        ("grant.redeemed", "op:alice"),
        ("grant.extended", "op:dana"),
        ("grant.released", "op:alice"),
    ] {
        let records = gate.events(event);
        assert!(records.iter().any(|one| one["actor"] == actor), "{event}: {records:?}");
    }
    let log = std::fs::read_to_string(gate.path("audit/audit.jsonl")).unwrap();
    let secret = grant.token.split('_').nth(2).unwrap();
    assert!(!log.contains(secret) && !gate.log().contains(secret));
}

#[test]
fn denied_withdrawn_and_changed_requests() {
    let company = Company::new("", "");
    let (alice, dana) = (company.hire("alice", "request"), company.hire("dana", "approve"));
    let denied = alice.ask(&[]);
    assert_eq!(dana.json(&["grant", "deny", &denied, "--reason", "not now"])["state"], "denied");
    let why = alice.refused(&["grant", "redeem", &denied]);
    assert!(why.contains("is denied") && why.contains("pgward grant request"), "{why}");
    assert_eq!(company.show(&denied)["ended_because"], "denied by op:dana: not now");
    let withdrawn = alice.ask(&[]);
    assert_eq!(alice.json(&["grant", "release", &withdrawn])["state"], "cancelled");
    assert!(dana.refused(&["grant", "approve", &withdrawn]).contains("nothing to approve"));

    // Any change after the approval, and it has to be approved again.
    let changed = alice.ask(&["--ttl", "10m"]);
    dana.json(&["grant", "approve", &changed]);
    let after = alice.json(&["grant", "extend", &changed, "--scope", "update:public.orders"]);
    assert_eq!((&after["state"], &after["approvers"]), (&json!("pending"), &json!([])));
    assert!(alice.refused(&["grant", "redeem", &changed]).contains("waits for approvals"));
    // Who had read it before it was changed is told what has changed.
    for revision in [&["--revision", "1"][..], &[]] {
        let why = dana.refused(&[&["grant", "approve", &changed], revision].concat());
        let said = "revision 2 by op:alice: changed: update:public.orders, was read-only";
        assert!(why.contains("nothing was approved") && why.contains(said), "{why}");
    }
    assert_eq!(company.show(&changed)["approvers"], json!([]));
    let listed = dana.run(&["grant", "list", "--waiting"]).expect("list");
    assert!(listed.contains("pending 0/1, revision 2"), "{listed}");
    dana.json(&["grant", "approve", &changed, "--revision", "2"]);
    assert_eq!(alice.redeem(&changed).json["scopes"], json!(["update:public.orders"]));
    let why = alice.refused(&["grant", "redeem", &changed]);
    assert!(why.contains(&format!("pgward grant rotate {changed}")), "{why}");

    // Who may administer doesn't approve what they asked for themselves, by no way.
    let erin = company.hire("erin", "request,administer,approve");
    let own = erin.ask(&["--ttl", "10m"]);
    assert!(erin.refused(&["grant", "approve", &own]).contains("nobody approves what they asked"));
    // Nor by an operator of their own making.
    let made = erin.json(&["operator", "create", "puppet", "--may", "approve"]);
    let puppet = Colleague { company: &company, token: made["token"].as_str().unwrap().to_owned() };
    let why = puppet.refused(&["grant", "approve", &own]);
    assert!(why.contains("an operator that op:erin made"), "{why}");
    let others = alice.ask(&[]);
    assert_eq!(puppet.json(&["grant", "approve", &others])["state"], "approved");
    dana.json(&["grant", "approve", &own]);
    erin.redeem(&own);
    let more = erin.json(&["grant", "extend", &own, "--scope", "update:public.orders"]);
    assert_eq!((&more["scopes"], &more["extension"]["approvers"]), (&json!([]), &json!([])));
    assert!(erin.refused(&["grant", "approve", &own]).contains("nobody approves what they asked"));
    let denied = dana.json(&["grant", "deny", &own]);
    assert_eq!((&denied["state"], &denied["extension"]), (&json!("active"), &Value::Null));
}

#[test]
fn at_a_terminal_it_is_read_and_agreed_to() {
    let company = Company::new("", "");
    let (alice, dana) = (company.hire("alice", "request"), company.hire("dana", "approve"));
    let id = alice.ask(&["--ttl", "10m"]);
    alice.json(&["grant", "extend", &id, "--scope", "update:public.orders"]);
    // script(1) runs a command at a terminal of its own, and types what it is given.
    let typed = |answer: &str| {
        let line = format!(
            "{} grant approve {id} --server {} --config {}",
            env!("CARGO_BIN_EXE_pgward"),
            company.url,
            company.gate.path("proxy.toml").display(),
        );
        let mut command = std::process::Command::new("script");
        command.args(["-qec", &line, "/dev/null"]).env("PGWARD_OPERATOR_TOKEN", &dana.token);
        clients::run(&mut command, answer, Duration::from_secs(60))
    };
    for answer in ["n\n", "\n"] {
        let said = typed(answer);
        let shown = said.stdout.contains("read and update:public.orders");
        assert!(shown && said.stdout.contains("10m from when it is redeemed"), "{said:?}");
        assert!(said.stdout.contains("nothing was approved") && !said.success, "{said:?}");
        assert_eq!(company.show(&id)["state"], "pending");
    }
    let said = typed("y\n");
    assert!(said.stdout.contains("gets the token with") && said.success, "{said:?}");
    assert_eq!(company.show(&id)["state"], "approved");
}

#[test]
fn requests_and_approvals_that_nobody_takes_up_end_by_themselves() {
    let company = Company::new("request_ttl = \"12s\"\nredeem_within = \"6s\"", "");
    let (alice, dana) = (company.hire("alice", "request"), company.hire("dana", "approve"));
    let (approved, pending) = (alice.ask(&[]), alice.ask(&[]));
    dana.json(&["grant", "approve", &approved]);
    eventually("both have ended", SOON, || {
        [&approved, &pending].iter().all(|id| company.show(id)["state"] == "expired")
    });
    let because = |id: &str| company.show(id)["ended_because"].as_str().unwrap().to_owned();
    assert!(because(&approved).contains("not redeemed in time"));
    assert!(because(&pending).contains("nobody answered the request"));
    assert!(alice.refused(&["grant", "redeem", &approved]).contains("is expired"));
    eventually("it is on record", SOON, || company.gate.events("grant.expired").len() == 2);
}

#[test]
fn roles_tickets_and_more_than_one_approval() {
    let role = "[roles.on-call]\nscopes = [\"update:public.orders\"]\nmax_ttl = \"30m\"\n\
                approvals = 2\nmax_rows_written = 5\n";
    let company = Company::new("ticket_pattern = \"[A-Z]+-[0-9]+\"", role);
    let alice = company.hire("alice", "request");
    let (dana, erin) = (company.hire("dana", "approve"), company.hire("erin", "approve"));
    let database = company.gate.database.as_str();
    let reason = "INC-4211 stuck orders";
    let base = ["grant", "request", "--database", database, "--reason", reason];
    for (more, part) in [
        (&["--role", "on-call"][..], "a ticket is needed"),
        (&["--ticket", "4211"], "is not the number of a ticket"),
        (&["--ticket", "INC-1", "--role", "on-cal"], "did you mean \"on-call\"?"),
        (&["--ticket", "INC-1", "--role", "on-call", "--ttl", "31m"], "roles.on-call.max_ttl"),
        (&["--ticket", "INC-1", "--role", "on-call", "--max-rows-written", "0"], "at most 5 rows"),
        (&["--ticket", "INC-1", "--user", "bob"], "access of their own only"),
        (&["--ticket", "INC-1", "--client-cidr", "10.0.0.1/8"], "write 10.0.0.0/8"),
        (&["--ticket", "INC-1", "--not-before", "2001-01-01T00:00:00Z"], "is over"),
        (&["--ticket", "INC-1", "--uses", "0"], "0 uses are not possible"),
        (&["--ticket", "INC-1", "--end-when-idle", "9h"], "longer than the grant"),
    ] {
        let why = alice.refused(&[&base[..], more].concat());
        assert!(why.contains(part), "{more:?}: {why}");
    }
    let id = alice.ask(&["--ticket", "INC-1", "--role", "on-call"]);
    assert_eq!(dana.json(&["grant", "approve", &id])["state"], "pending");
    assert!(dana.refused(&["grant", "approve", &id]).contains("has approved"));
    assert_eq!(erin.json(&["grant", "approve", &id])["state"], "approved");
    let grant = alice.redeem(&id);
    let shown = company.show(&id);
    assert_eq!(shown["approvers"], json!(["op:dana", "op:erin"]));
    assert_eq!((&shown["role"], &shown["max_rows_written"]), (&json!("on-call"), &json!(5)));
    assert_eq!(grant.json["scopes"], json!(["update:public.orders"]));
    // One person alone can't create what needs two.
    let create = ["grant", "create", "--user", "bob", "--database", database, "--reason", reason];
    let alone =
        company.gate.cli(&[&create[..], &["--ticket", "INC-1", "--role", "on-call"]].concat());
    assert!(alone.stderr.contains("needs 2 approvals"), "{}", alone.stderr);
    assert!(alone.stderr.contains("pgward grant request"), "{}", alone.stderr);
}

#[test]
fn whoever_may_administer_extends_at_once() {
    let gate = Gate::new(pg::distribution());
    let grant = gate.grant(&["--ttl", "12s"]);
    let mut session = gate.session(&grant);
    let extended = gate.json(&["grant", "extend", &grant.id, "--ttl", "1h"]);
    assert_eq!(extended["state"], "active");
    let shown = gate.json(&["session", "list", "--grant", &grant.id]);
    assert_eq!(shown[0]["expires_at"], extended["expires_at"]);
    // Past its first end: the session's own timer has looked and gone on.
    eventually("its first end is over", SOON, || {
        let now = jiff::Timestamp::now().to_string();
        now.as_str() > grant.json["expires_at"].as_str().unwrap()
    });
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(session.query("SELECT 1").value(), "1");
    for (more, part) in [
        (&["--ttl", "9h"][..], "longer than policy.max_ttl"),
        (&["--ttl", "0s"], "a TTL of zero"),
        (&["--ttl", "-1h"], "is not a TTL"),
        (&["--ttl", "18446744073709551615d"], "is not a TTL"),
        (&["--ttl", "9999-12-31T00:00:00Z"], "is not a TTL"),
        (&["--ttl", "0"], "is not a TTL"),
        (&["--ttl", "1m"], "lasts longer than that already"),
        (&["--ttl", "2h", "--scope", "update:public.orders"], "longer than policy.max_write_ttl"),
        (&["--scope", "update:public.ordesr"], "did you mean \"public.orders\"?"),
    ] {
        let output = gate.cli(&[&["grant", "extend", &grant.id], more].concat());
        assert!(!output.success, "{more:?}");
        let said = output.stderr;
        assert!(said.contains(part), "{more:?}: {said}");
    }
    gate.json(&["grant", "revoke", &grant.id]);
    let output = gate.cli(&["grant", "extend", &grant.id, "--ttl", "1h"]);
    assert!(output.stderr.contains("is revoked: it can't be extended"), "{}", output.stderr);
}

#[test]
fn the_server_says_when_an_extended_grant_ends() {
    let gate = Gate::new(pg::distribution());
    let grant = gate.grant(&["--ttl", "20m"]);
    let mut session = gate.session(&grant);
    let mut other = gate.session(&grant);
    let shown = |session: &mut Wire| session.query("SHOW pgward.expires_at").value();
    let first = shown(&mut session);
    // A statement without a name is the client's: it outlives what pgward says to the server.
    let prepared = session.round(&[m::parse("", "SELECT 42", &[]), m::sync()]);
    assert_eq!(prepared.sequence, "1Z");
    // A transaction is the client's too: the server is told when it is over.
    other.query("BEGIN");
    let extended = gate.json(&["grant", "extend", &grant.id, "--ttl", "1h"]);
    let to_second = |time: &str| format!("{}Z", time.split(['.', 'Z']).next().unwrap());
    let second = to_second(extended["expires_at"].as_str().unwrap());
    assert_ne!(first, second);
    let reply = session.round(&[m::bind("", "", &[]), m::execute("", 0), m::sync()]);
    assert_eq!((reply.value().as_str(), reply.sequence.as_str()), ("42", "2DCZ"));
    assert_eq!(shown(&mut session), second);
    assert_eq!(shown(&mut other), first);
    assert_eq!(other.query("COMMIT").tags, ["COMMIT"]);
    assert_eq!(shown(&mut other), second);
    // What goes back to the start is told again.
    for statement in ["RESET ALL", "DISCARD ALL"] {
        session.query(statement);
        assert_eq!(shown(&mut session), second, "after {statement}");
    }
    // Refusals tell the new end, and none of it is on record as the client's.
    let refused = session.query("DELETE FROM orders");
    let (_, minute) = second.split_once('T').unwrap();
    assert!(refused.errors[0].detail().contains(&minute[..5]), "{refused:?}");
    let log = std::fs::read_to_string(gate.path("audit/audit.jsonl")).unwrap();
    assert!(!log.contains("SET pgward"));
}

#[test]
fn a_lost_token_is_replaced() {
    let gate = Gate::new(pg::distribution());
    let grant = gate.read_grant();
    let mut session = gate.session(&grant);
    let rotated = gate.json(&["grant", "rotate", &grant.id]);
    assert_ne!(rotated["token"], grant.token.as_str());
    assert_eq!(try_login(&gate, &grant).err().unwrap().code(), "28P01");
    let new = Grant { token: rotated["token"].as_str().unwrap().to_owned(), ..grant };
    assert_eq!(gate.session(&new).query("SELECT 1").value(), "1");
    assert_eq!(session.query("SELECT 2").value(), "2", "open sessions go on");
}

#[test]
fn who_may_come_from_where_and_when() {
    let gate = Gate::new(pg::distribution());
    let home = gate.grant(&["--client-cidr", "127.0.0.0/8", "--client-cidr", "10.0.0.0/8"]);
    assert_eq!(gate.session(&home).query("SELECT 1").value(), "1");
    let away = gate.grant(&["--client-cidr", "10.0.0.0/8"]);
    let error = try_login(&gate, &away).err().unwrap();
    assert_eq!(error.code(), "28000");
    assert!(error.message().contains("not for connections from 127.0.0.1"), "{error:?}");
    assert!(error.detail().contains("10.0.0.0/8"), "{error:?}");
    // Who doesn't prove the secret hears nothing of it.
    let wrong = gate.login_error("alice", &gate.database, "pgw_wrong");
    assert_eq!(wrong.code(), "28P01");
    let from = (jiff::Timestamp::now() + jiff::SignedDuration::from_secs(10)).to_string();
    let later = gate.grant(&["--not-before", &from, "--ttl", "10m"]);
    assert_eq!(gate.json(&["grant", "show", &later.id])["state"], "approved");
    let error = try_login(&gate, &later).err().unwrap();
    assert!(error.message().ends_with("is not valid yet"), "{error:?}");
    eventually("it is valid", SOON, || try_login(&gate, &later).is_ok());
    let causes: Vec<Value> =
        gate.events("auth.failed").iter().map(|one| one["cause"].clone()).collect();
    for cause in ["client_cidr", "not_before"] {
        assert!(causes.contains(&json!(cause)), "{causes:?}");
    }
}

#[test]
fn a_grant_for_one_time_and_one_that_ends_when_idle() {
    let gate = Gate::new(pg::distribution());
    let once = gate.grant(&["--uses", "1"]);
    let mut session = gate.session(&once);
    assert_eq!(session.query("SELECT 1").value(), "1");
    let error = try_login(&gate, &once).err().unwrap();
    assert!(error.message().ends_with("is used up"), "{error:?}");
    assert_eq!(gate.json(&["grant", "show", &once.id])["state"], "active");
    drop(session);
    let ended = |id: &str, state: &str| gate.json(&["grant", "show", id])["state"] == state;
    eventually("it is used up", SOON, || ended(&once.id, "exhausted"));
    assert_eq!(gate.json(&["grant", "show", &once.id])["sessions_begun"], 1);

    let idle = gate.grant(&["--end-when-idle", "5s"]);
    let mut session = gate.session(&idle);
    assert_eq!(session.query("SELECT 1").value(), "1");
    // Open, and doing nothing: that is idle too.
    eventually("it is given back", SOON, || ended(&idle.id, "released"));
    let reply = session.reply();
    assert_eq!(reply.code(), "57P01", "{reply:?}");
    let busy = gate.grant(&["--end-when-idle", "8s"]);
    let mut session = gate.session(&busy);
    assert_eq!(session.query("SELECT pg_sleep(11)::text").errors.len(), 0);
    assert!(ended(&busy.id, "active"), "it was busy all the time");
}

#[test]
fn the_glass_is_broken_and_looked_at_afterwards() {
    let company = Company::new("break_glass_ttl = \"10m\"", "");
    let gate = &company.gate;
    let alice = company.hire("alice", "request,break-glass");
    let (dana, mallory) = (company.hire("dana", "audit"), company.hire("mallory", "request"));
    let database = gate.database.as_str();
    let reason = "INC-4211 orders stuck, nobody there";
    let base = ["grant", "break-glass", "--database", database, "--reason"];
    let write = ["--scope", "update:public.orders"];
    assert!(mallory.refused(&[&base[..], &[reason]].concat()).contains("break-glass"));
    let long = [&base[..], &[reason, "--ttl", "11m"]].concat();
    assert!(alice.refused(&long).contains("policy.break_glass_ttl"));
    let short = [&base[..], &["now!"]].concat();
    assert!(alice.refused(&short).contains("at least 8"));
    let json = alice.json(&[&base[..], &[reason], &write[..]].concat());
    let (id, token) = (json["id"].as_str().unwrap(), json["token"].as_str().unwrap());
    let mut session = Wire::connect(gate.port, id, database, token);
    let update = session.query("UPDATE public.orders SET note = NULL WHERE id = 1");
    assert_eq!(update.tags, ["UPDATE 1"], "{update:?}");
    let record = &gate.events("grant.break_glass")[0];
    assert_eq!((&record["actor"], &record["break_glass"]), (&json!("op:alice"), &json!(true)));
    let statement = &gate.about("UPDATE public.orders")[0];
    assert_eq!(statement["break_glass"], json!(true), "{statement}");
    // On the list until somebody else has looked, also when it is over.
    gate.json(&["grant", "revoke", id]);
    let list = || dana.json(&["grant", "list", "--unreviewed"]).as_array().unwrap().len();
    assert_eq!(list(), 1);
    assert!(alice.refused(&["grant", "review", id, "--reason", "fine"]).contains("may not"));
    let reviewed = dana.json(&["grant", "review", id, "--reason", "as the incident says"]);
    assert_eq!(reviewed["reviewed_by"], "op:dana");
    assert_eq!(list(), 0);
    let again = dana.refused(&["grant", "review", id, "--reason", "twice"]);
    assert!(again.contains("reviewed by op:dana already"), "{again}");
    assert_eq!(gate.events("grant.reviewed")[0]["detail"], "as the incident says");
}

#[test]
fn who_has_access_now() {
    let gate = Gate::new(pg::distribution());
    let short = gate.grant(&["--ttl", "5m"]);
    let bob = gate.grant(&["--user", "bob"]);
    let mut session = gate.session(&bob);
    session.query("SELECT count(*) FROM orders");
    let ids = |more: &[&str]| -> Vec<String> {
        let list = gate.json(&[&["grant", "list"], more].concat());
        let list = list.as_array().unwrap().iter();
        list.map(|grant| grant["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&["--active"]), [short.id.clone(), bob.id.clone()]);
    assert_eq!(ids(&["--expiring-within", "10m"]), std::slice::from_ref(&short.id));
    assert_eq!(ids(&["--unused"]), std::slice::from_ref(&short.id));
    assert_eq!(ids(&["--user", "bob"]), std::slice::from_ref(&bob.id));
    assert_eq!(ids(&["--database", "elsewhere"]), [] as [String; 0]);
    assert_eq!(ids(&["--older-than", "1h"]), [] as [String; 0]);
    assert_eq!(ids(&["--state", "revoked"]), [] as [String; 0]);
    assert!(gate.cli(&["grant", "list", "--state", "gone"]).stderr.contains("possible: pending"));
    let sessions = gate.json(&["session", "list", "--user", "bob"]);
    assert!(sessions[0]["last_statement"].as_str().unwrap().contains("FROM orders"));
    assert_eq!(gate.json(&["session", "list", "--user", "alice"]), json!([]));
    let watch = ["session", "list", "--watch", "-o", "json"];
    let mut watching = gate::program(&watch, &gate.path("proxy.toml"));
    let mut watching = watching.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let lines = std::io::BufReader::new(watching.stdout.take().unwrap()).lines();
    for line in lines.take(2) {
        let sessions: Value = serde_json::from_str(&line.unwrap()).unwrap();
        assert_eq!(sessions[0]["user"], "bob");
    }
    watching.kill().unwrap();
    watching.wait().unwrap();
    let killed = gate.json(&["session", "kill", sessions[0]["id"].as_str().unwrap()]);
    assert_eq!(killed["sessions_ended"], 1);
    let revoked = gate.json(&["grant", "revoke", "--database", &gate.database]);
    assert_eq!(revoked["grants"].as_array().unwrap().len(), 2);
    assert_eq!(ids(&["--state", "revoked"]).len(), 2);
    let table = gate.cli(&["grant", "show", &bob.id]).expect("show");
    assert!(table.contains("created") && table.contains("revoked by os:"), "{table}");
}
