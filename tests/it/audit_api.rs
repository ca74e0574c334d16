//! The audit log read through the API, by people who may not read its files: the same answers,
//! only to who has the right, and nobody in anybody's way.

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pgward::cli::demo::postgres::free_port;
use serde_json::{Value, json};

use super::audit_search::work;
use crate::support::clients::{self, Output};
use crate::support::gate::{self, Gate, Options};
use crate::support::message as m;
use crate::support::pki::Authority;
use crate::support::{eventually, pg};

/// Far more than any of it takes.
const SOON: Duration = Duration::from_secs(60);

/// Records that are more than what fits between a server and a client that takes nothing.
const MANY: usize = 32_000;

/// A server whose API has an address.
struct Desk {
    gate: Gate,
    port: u16,
}

/// Somebody with a token.
struct Reader<'d> {
    desk: &'d Desk,
    token: String,
}

impl Desk {
    fn new(options: Options) -> Self {
        let port = free_port().unwrap();
        let admin = format!("address = \"127.0.0.1:{port}\"\n{}", options.admin);
        Self { gate: Gate::with(pg::distribution(), &Options { admin, ..options }), port }
    }

    fn hire(&self, name: &str, may: &str) -> Reader<'_> {
        let made = self.gate.json(&["operator", "create", name, "--may", may]);
        Reader { desk: self, token: made["token"].as_str().unwrap().to_owned() }
    }

    /// Sets a file aside as if a lot had been written long ago.
    fn write_much(&self) {
        let detail = "x".repeat(900);
        let mut text = String::new();
        for n in 0..MANY {
            text.push_str(&format!(
                "{{\"v\":1,\"time\":\"2026-01-01T00:00:00.000000Z\",\"node\":\"n\",\
                 \"stream\":\"w0\",\"seq\":{n},\"event\":\"operator.created\",\
                 \"actor\":\"os:much\",\"detail\":\"{detail}\"}}\n"
            ));
        }
        fs::write(self.gate.path("audit/audit-20260101T000000Z-000000.jsonl"), text).unwrap();
    }

    /// The niceness of each thread that reads the log.
    fn readings(&self) -> Vec<i32> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.gate.pid())).unwrap();
        let threads = tasks.filter_map(|task| {
            let stat = fs::read_to_string(task.ok()?.path().join("stat")).ok()?;
            let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
            // proc_pid_stat(5): the 19th field; the third is the first behind the name.
            let nice = rest.split_whitespace().nth(16)?;
            (name == "audit-read").then(|| nice.parse().unwrap())
        });
        threads.collect()
    }
}

impl Reader<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = gate::program(arguments, &self.desk.gate.path("proxy.toml"));
        command.arg("--server").arg(format!("http://127.0.0.1:{}", self.desk.port));
        command.env("PGWARD_OPERATOR_TOKEN", &self.token);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        clients::run(&mut self.command(arguments), "", Duration::from_secs(60))
    }

    /// A command that goes on, its output to be read.
    fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    /// A search for everything whose answer has begun and is not taken.
    fn stalled(&self) -> BufReader<TcpStream> {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
        let socket = socket.unwrap();
        // Whatever this machine would give it.
        socket.set_recv_buffer_size(64 * 1024).unwrap();
        let server = std::net::SocketAddr::from(([127, 0, 0, 1], self.desk.port));
        socket.connect(&server.into()).unwrap();
        let mut stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(SOON)).unwrap();
        let request = format!(
            "POST /v1/audit/search HTTP/1.1\r\nHost: pgward\r\nConnection: close\r\n\
             Authorization: Bearer {}\r\nContent-Length: 2\r\n\r\n{{}}",
            self.token
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut stream = BufReader::with_capacity(100, stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(stream.read_line(&mut head).unwrap() > 0, "{head}");
        }
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert!(head.contains("application/x-ndjson") && head.contains("chunked"), "{head}");
        stream
    }
}

/// What is left of an answer in chunks (RFC 9112, 7.1).
fn rest(mut stream: BufReader<TcpStream>) -> String {
    let mut text = Vec::new();
    loop {
        let mut size = String::new();
        stream.read_line(&mut size).unwrap();
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        let mut chunk = vec![0; size + 2];
        stream.read_exact(&mut chunk).unwrap();
        text.extend_from_slice(&chunk[..size]);
        if size == 0 {
            return String::from_utf8(text).unwrap();
        }
    }
}

/// Whether what it wrote to its standard output waits to be read.
fn has_output(child: &Child) -> bool {
    rustix::io::ioctl_fionread(child.stdout.as_ref().unwrap()).unwrap() > 0
}

/// Waits for the end of a command: its exit status, and what it said.
fn ended(child: Child) -> (Option<i32>, String, String) {
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn every_answer_is_the_same_as_from_the_files() {
    let desk = Desk::new(Options::default());
    let (reader, writer) = work(&desk.gate);
    let dana = desk.hire("dana", "audit");
    // What is read is on record too: only up to here.
    let records = desk.gate.audit();
    let text = |of: &Value, key: &str| of[key].as_str().unwrap().to_owned();
    let until = text(records.last().unwrap(), "time");
    let session = text(&desk.gate.events("session.start")[0], "session_id");
    let database = desk.gate.database.clone();
    // An archive among them.
    let live = fs::read_to_string(desk.gate.path("audit/audit.jsonl")).unwrap();
    let archive = desk.gate.path("audit/audit-20260101T000000Z-000000.jsonl");
    fs::write(&archive, live.replace("INC-7", "INC-6")).unwrap();
    assert!(Command::new("gzip").arg(&archive).status().expect("gzip").success());
    for (arguments, some) in [
        (&[][..], true),
        (&["--grant", &reader], true),
        (&["--session", &session], true),
        (&["--user", "bob"], true),
        (&["--user", "no\"body"], false),
        (&["--database", &database], true),
        (&["--since", "1h"], true),
        (&["--since", "2099-01-01"], false),
        (&["--table", "public.orders"], true),
        (&["--operation", "update"], true),
        (&["--verb", "select", "--grant", &writer], true),
        (&["--decision", "refused"], true),
        (&["--decision", "allowed"], true),
        (&["--rule", "write_without_scope"], true),
        (&["--text", "SPÄTI"], true),
        (&["--rows-over", "499"], true),
        (&["--errors"], true),
    ] {
        for format in ["json", "table"] {
            let search = ["audit", "search", "--until", &until, "-o", format];
            let arguments = [&search, arguments].concat();
            let (by_files, by_server) = (desk.gate.cli(&arguments), dana.run(&arguments));
            assert_eq!(by_files.stdout, by_server.stdout, "{arguments:?}");
            assert_eq!(by_files.stderr, by_server.stderr, "{arguments:?}");
            assert_eq!((by_files.code, by_server.code), (Some(0), Some(0)), "{arguments:?}");
            assert_eq!(by_server.stdout.is_empty(), !some, "{arguments:?}");
        }
    }
    for arguments in [
        &["audit", "replay", &reader][..],
        &["audit", "replay", &writer, "-o", "json"],
        &["audit", "replay", &session],
        &["audit", "replay", "g_0000000000"],
    ] {
        let (by_files, by_server) = (desk.gate.cli(arguments), dana.run(arguments));
        assert_eq!(by_files.stdout, by_server.stdout, "{arguments:?}");
        assert_eq!(by_files.stderr, by_server.stderr, "{arguments:?}");
    }
    // Who may read neither the server's configuration nor its files needs its socket only.
    let folder = tempfile::tempdir().unwrap();
    let alone = folder.path().join("pgward.toml");
    let socket = desk.gate.path("pgward.sock");
    fs::write(&alone, format!("admin.socket = {:?}\n", socket.to_str().unwrap())).unwrap();
    let arguments = ["audit", "search", "--until", &until, "--grant", &reader];
    let by_socket = clients::run(&mut gate::program(&arguments, &alone), "", SOON);
    assert_eq!(by_socket.stdout, desk.gate.cli(&arguments).stdout, "{}", by_socket.stderr);
    let tail = |format: &str| {
        let arguments = ["audit", "tail", "--lines", "100000", "-o", format];
        let (by_files, by_server) = (desk.gate.cli(&arguments), dana.run(&arguments));
        assert!(by_server.success, "{}", by_server.stderr);
        let others = |output: &Output| -> Vec<String> {
            let lines = output.stdout.lines().filter(|line| !line.contains("audit.read"));
            lines.map(str::to_owned).collect()
        };
        let lines = others(&by_server);
        assert_eq!(others(&by_files), lines);
        lines.len()
    };
    // A line above the table.
    assert_eq!(tail("json"), 2 * records.len());
    assert_eq!(tail("table"), 2 * records.len() + 1);
    // Who read what, by which way, in the words of the command.
    let reads = desk.gate.events("audit.read");
    let words = format!("audit search --until {until} --rows-over 499");
    for (actor, stream) in [("os:", "cli"), ("op:dana", "admin")] {
        let own = |read: &&Value| {
            let actor = read["actor"].as_str().unwrap().starts_with(actor);
            actor && read["stream"] == stream && read["detail"] == words.as_str()
        };
        assert_eq!(reads.iter().filter(own).count(), 2, "{actor}: {reads:?}");
    }
    // What cannot stand on record whole is not looked for, by either way.
    let long = ["audit", "search", "--text", &"x".repeat(5_000)];
    for output in [desk.gate.cli(&long), dana.run(&long)] {
        assert_eq!(output.code, Some(1));
        assert!(output.stderr.contains("too long"), "{}", output.stderr);
    }
}

#[test]
fn only_who_has_the_right_to_audit_reads() {
    let desk = Desk::new(Options::default());
    let rights = ["request", "approve", "administer", "audit", "break-glass"];
    let people: Vec<_> = rights.iter().map(|right| (right, desk.hire(right, right))).collect();
    for verb in [&["search"][..], &["tail"], &["replay", "g_0000000000"]] {
        for (right, person) in &people {
            let output = person.run(&[&["audit"], verb].concat());
            assert_eq!(output.success, **right == "audit", "{verb:?} by {right}");
            if !output.success {
                assert!(output.stdout.is_empty());
                let needs = "needs the right to audit";
                assert!(output.stderr.contains(needs), "{verb:?} by {right}: {}", output.stderr);
                assert!(output.stderr.contains("hint: "), "{}", output.stderr);
            }
        }
    }
    let reads = desk.gate.events("audit.read");
    assert!(reads.iter().all(|read| read["actor"] == "op:audit"), "{reads:?}");
    assert_eq!(reads.len(), 3, "{reads:?}");
    // What is not understood is not guessed.
    let stream = TcpStream::connect(("127.0.0.1", desk.port)).unwrap();
    let body = "{\"usr\":\"alice\"}";
    let token = &people[3].1.token;
    let request = format!(
        "POST /v1/audit/search HTTP/1.1\r\nHost: pgward\r\nConnection: close\r\n\
         Authorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    (&stream).write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    (&stream).read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("usr"), "{answer}");
}

#[test]
fn users_of_the_machine_read_by_their_names() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("only root can be somebody else: not shown here");
        return;
    }
    let admin = "operators = { nobody = [\"audit\"], daemon = [\"request\"] }".to_owned();
    let mut gate = Gate::with(pg::distribution(), &Options { admin, ..Options::default() });
    let (reader, _) = work(&gate);
    let directory = gate.directory.path().to_owned();
    fs::set_permissions(&directory, Permissions::from_mode(0o755)).unwrap();
    let program = directory.join("pgward");
    fs::copy(env!("CARGO_BIN_EXE_pgward"), &program).unwrap();
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let run = |name: &str, arguments: &[&str]| {
        let line = users.lines().find(|line| line.starts_with(&format!("{name}:"))).unwrap();
        let uid: u32 = line.split(':').nth(2).unwrap().parse().unwrap();
        let mut command = Command::new(&program);
        command.args(arguments).arg("--config").arg(directory.join("proxy.toml"));
        command.env_clear().current_dir(&directory).uid(uid).gid(uid);
        clients::run(&mut command, "", Duration::from_secs(60))
    };
    let search = ["audit", "search", "--decision", "refused", "-o", "json"];
    let found = run("nobody", &search).expect("search");
    assert_eq!(found, gate.cli(&search).stdout);
    assert!(found.contains("DELETE FROM public.orders WHERE id = 2"));
    let replay = run("nobody", &["audit", "replay", &reader]).expect("replay");
    assert!(replay.contains("REFUSED (write_without_scope, 25006)"), "{replay}");
    assert_eq!(run("nobody", &["audit", "tail", "-n", "3"]).expect("tail").lines().count(), 4);
    let refused = run("daemon", &search);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
    assert!(refused.stderr.contains("os:daemon may not do that"), "{}", refused.stderr);
    let reads: Vec<Value> = gate.events("audit.read");
    let of = |actor: &str| reads.iter().filter(|read| read["actor"] == actor).count();
    assert_eq!((of("os:nobody"), of("os:root"), of("os:daemon")), (3, 1, 0), "{reads:?}");
    assert_eq!(reads[0]["detail"], "audit search --decision refused");
    // Without the server the files are there for who may read them, and for nobody else.
    gate.kill();
    let alone = run("nobody", &search);
    assert_eq!((alone.code, alone.stdout.as_str()), (Some(1), ""));
    let why = "is not for this user, and no pgward server answers";
    assert!(alone.stderr.contains(why), "{}", alone.stderr);
    assert_eq!(gate.cli(&search).expect("from the files"), found);
}

#[test]
fn a_long_answer_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let authority = Authority::new("pgward test audit");
    let pem = authority.sign(&["localhost"]);
    let (certificate, key) = (file("a.pem", &pem.certificate), file("a.key", &pem.key));
    let roots = file("roots.pem", &authority.pem());
    let admin =
        format!("tls.certificate = \"{}\"\ntls.key = \"{}\"", certificate.display(), key.display());
    let desk = Desk::new(Options { admin, ..Options::default() });
    desk.write_much();
    let dana = desk.hire("dana", "audit");
    let search = ["audit", "search", "--until", "2026-01-02", "-o", "json"];
    let mut command = gate::program(&search, &desk.gate.path("proxy.toml"));
    command.arg("--server").arg(format!("https://localhost:{}", desk.port));
    command.arg("--server-ca").arg(roots).env("PGWARD_OPERATOR_TOKEN", &dana.token);
    let found = clients::run(&mut command, "", Duration::from_secs(60)).expect("search");
    let archive = desk.gate.path("audit/audit-20260101T000000Z-000000.jsonl");
    assert!(found == fs::read_to_string(archive).unwrap(), "{} bytes", found.len());
}

#[test]
fn who_reads_slowly_or_leaves_is_in_nobodys_way() {
    let desk = Desk::new(Options::default());
    desk.write_much();
    let [dana, erin, frank] = ["dana", "erin", "frank"].map(|name| desk.hire(name, "audit"));
    let grant = desk.gate.read_grant();
    let mut session = desk.gate.session(&grant);
    let mut slow: Vec<_> = (0..4).map(|_| dana.stalled()).collect();
    // One person can't take all places, and not even all people can take more than there are.
    let output = dana.run(&["audit", "search"]);
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""));
    let what = "4 searches of the audit log of op:dana are going on already";
    assert!(output.stderr.contains(what), "{}", output.stderr);
    slow.extend((0..4).map(|_| erin.stalled()));
    let output = frank.run(&["audit", "replay", &grant.id]);
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""));
    let what = "8 searches of the audit log are going on already";
    assert!(output.stderr.contains(what), "{}", output.stderr);
    assert!(output.stderr.contains("hint: "), "{}", output.stderr);
    // Sessions, other requests and tails go on meanwhile; the readers come after all of them.
    assert_eq!(session.query("SELECT 1").value(), "1");
    assert_eq!(desk.gate.json(&["grant", "list"]).as_array().unwrap().len(), 1);
    assert!(dana.run(&["audit", "tail"]).success);
    eventually("they come last", SOON, || desk.readings() == [19; 8]);
    // What was taken slowly is all there.
    let lines = rest(slow.remove(0));
    let lines: Vec<Value> = lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let much = |line: &&Value| line["record"]["actor"] == "os:much";
    assert_eq!(lines.iter().filter(much).count(), MANY);
    let end = &lines.last().unwrap()["end"];
    assert_eq!((&end["torn"], &end["unreadable"]), (&json!(0), &json!([])));
    let records = lines.iter().filter(|line| line["record"].is_object()).count();
    assert_eq!(end["found"], records);
    assert!(lines.iter().any(|line| line["progress"]["total"].as_u64() > Some(MANY as u64)));
    // Who leaves stops the reading.
    drop(slow);
    eventually("the threads are gone", SOON, || desk.readings().is_empty());
    assert!(frank.run(&["audit", "search", "--user", "alice"]).success);
}

#[test]
fn a_tail_follows_until_it_is_ended() {
    let desk = Desk::new(Options::default());
    let (dana, erin) = (desk.hire("dana", "audit"), desk.hire("erin", "audit"));
    let grant = desk.gate.read_grant();
    let mut session = desk.gate.session(&grant);
    let mut first = dana.start(&["audit", "tail", "-n", "1", "--follow", "-o", "json"]);
    let mut lines = BufReader::new(first.stdout.take().unwrap()).lines();
    let start: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(start["event"], "session.start");
    let mut until = |needle: &str| lines.by_ref().find(|l| l.as_ref().unwrap().contains(needle));
    assert!(until("audit tail --lines 1 --follow").is_some(), "who reads is on record");
    session.query("SELECT 'followed'");
    assert!(until("SELECT 'followed'").is_some());
    // Whoever may no longer audit reads no further.
    let second = erin.start(&["audit", "tail", "--follow"]);
    eventually("both read", SOON, || desk.readings().len() == 2);
    desk.gate.json(&["operator", "remove", "erin"]);
    let (code, _, said) = ended(second);
    assert_eq!(code, Some(1));
    assert!(said.contains("not everything") && said.contains("right to audit"), "{said}");
    session.query("SELECT 'goes on'");
    assert!(until("SELECT 'goes on'").is_some());
    first.kill().unwrap();
    first.wait().unwrap();
    eventually("nobody reads", SOON, || desk.readings().is_empty());
}

#[test]
fn an_answer_that_breaks_off_is_no_answer() {
    let mut desk = Desk::new(Options::default());
    desk.write_much();
    let token = desk.hire("dana", "audit").token;
    let dana = Reader { desk: &desk, token: token.clone() };
    // Its output is not read, and so the answer is not taken.
    let search = dana.start(&["audit", "search", "-o", "json"]);
    let tail = dana.start(&["audit", "tail", "--follow"]);
    eventually("both read", SOON, || desk.readings().len() == 2);
    // An answer that has not begun would break off in another way.
    eventually("both are shown something", SOON, || has_output(&search) && has_output(&tail));
    desk.gate.kill();
    for child in [search, tail] {
        let (code, shown, said) = ended(child);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("broke off, and what is above is not everything"), "{said}");
        assert!(shown.lines().count() < MANY);
    }
    desk.gate.restart();
    let dana = Reader { desk: &desk, token };
    // A file that is damaged: what the others hold is shown, and the failure told.
    let damaged = desk.gate.path("audit/audit-20260102T000000Z-000001.jsonl.gz");
    fs::write(&damaged, b"\x1f\x8b\x08no more").unwrap();
    let search = ["audit", "search", "-o", "json"];
    let output = dana.run(&search);
    assert_eq!(output.code, Some(1));
    assert!(output.stdout.lines().count() > MANY);
    assert!(output.stderr.contains("1 file of the audit log can't be read to the end"));
    assert!(output.stderr.contains("000001.jsonl.gz"), "{}", output.stderr);
    fs::remove_file(damaged).unwrap();
    // What can't be put on record is not shown.
    let aside = desk.gate.path("aside");
    fs::rename(desk.gate.path("audit"), &aside).unwrap();
    eventually("the log can't be written", SOON, || {
        let output = dana.run(&search);
        assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""));
        output.stderr.contains("nothing was done: the audit log cannot be written")
    });
    fs::rename(aside, desk.gate.path("audit")).unwrap();
    eventually("it is read again", SOON, || dana.run(&["audit", "tail"]).success);
}

#[test]
fn a_statement_that_was_cut_off_has_its_time() {
    let gate = Gate::new(pg::distribution());
    let grant = gate.write_grant(&["insert:public.victim"]);
    let mut session = gate.session(&grant);
    session.send(&m::query("INSERT INTO public.victim SELECT 1 FROM pg_sleep(600)"));
    pg::distribution().runs(&gate.database, "INSERT INTO public.victim");
    gate.json(&["grant", "revoke", &grant.id]);
    let done = gate.about("INSERT INTO public.victim").pop().unwrap();
    assert_eq!(done["outcome"], "cancelled", "{done}");
    assert!(done["duration_us"].as_u64() > Some(0), "{done}");
    for verb in [&["search", "--grant"][..], &["replay"]] {
        let shown = gate.cli(&[&["audit"], verb, &[grant.id.as_str()]].concat()).expect("audit");
        assert!(shown.contains("cancelled; ") && !shown.contains("0.000 ms"), "{shown}");
    }
}
