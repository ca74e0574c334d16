//! One attack as a file: a verdict, why, and what is sent. `tests/readonly_corpus/README.md` says
//! how a file is written.

use std::path::{Path, PathBuf};

use crate::support::message as m;

/// What a file says in its first comment, and what it sends.
#[derive(Debug, Clone)]
pub(crate) struct Attack {
    /// `settings/off.sql`
    pub(crate) name: String,
    pub(crate) verdict: Verdict,
    /// Scopes of the grant; none: a read grant.
    pub(crate) scopes: Vec<String>,
    pub(crate) protocol: Protocol,
    /// The first major that knows what is tried.
    pub(crate) since: u32,
    /// Known to get through the server's own layers when the parser is not there; why.
    pub(crate) residue: Option<String>,
    /// One of the sequences of SECURITY.md's R1.
    pub(crate) sequence: bool,
    pub(crate) messages: Vec<Vec<u8>>,
}

/// What becomes of an attack on the grant that it is for. Whatever it is, nothing may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// pgward refuses one of the messages, or more.
    Refused,
    /// pgward refuses none: what it does is no harm, or the server refuses it.
    Passes,
    /// The session ends.
    Ends,
}

/// How it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// As simple Queries, one by one with the extended protocol, and pipelined.
    Any,
    /// As simple Queries only.
    Simple,
    /// As the messages that the file spells out.
    Messages,
}

/// Every attack of a folder, by name.
pub(crate) fn all(folder: &Path) -> Vec<Attack> {
    let mut attacks: Vec<Attack> = paths(folder).iter().map(|path| read(folder, path)).collect();
    attacks.sort_by(|a, b| a.name.cmp(&b.name));
    attacks
}

/// Every .sql file one folder down.
pub(crate) fn paths(folder: &Path) -> Vec<PathBuf> {
    let entries = |at: &Path| {
        let entries = std::fs::read_dir(at).unwrap_or_else(|e| panic!("{}: {e}", at.display()));
        entries.map(|entry| entry.unwrap().path()).collect::<Vec<_>>()
    };
    let groups = entries(folder).into_iter().filter(|path| path.is_dir());
    let mut files: Vec<PathBuf> = groups.flat_map(|group| entries(&group)).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "sql"));
    files.sort();
    files
}

fn read(folder: &Path, path: &Path) -> Attack {
    let name = path.strip_prefix(folder).unwrap().display().to_string();
    let bytes = std::fs::read(path).unwrap();
    let text = String::from_utf8(bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
    let (head, body) = split_head(&text);
    let (word, why) = head[0].split_once(": ").unwrap_or_else(|| panic!("{name}: no verdict"));
    assert!(why.len() > 10, "{name}: no reason");
    let mut attack = Attack {
        verdict: match word {
            "refused" => Verdict::Refused,
            "passes" => Verdict::Passes,
            "ends" => Verdict::Ends,
            other => panic!("{name}: verdict {other}"),
        },
        name,
        scopes: Vec::new(),
        protocol: Protocol::Any,
        since: 0,
        residue: None,
        sequence: false,
        messages: Vec::new(),
    };
    let mut percent = false;
    for line in &head[1..] {
        let (key, value) = line.split_once(": ").unwrap_or((line, ""));
        match key {
            "scopes" => attack.scopes = value.split(' ').map(str::to_owned).collect(),
            "protocol" if value == "simple" => attack.protocol = Protocol::Simple,
            "protocol" if value == "messages" => attack.protocol = Protocol::Messages,
            "since" => attack.since = value.parse().unwrap(),
            "residue" => attack.residue = Some(value.to_owned()),
            "sequence" => attack.sequence = true,
            "percent" => percent = true,
            "from" => {}
            _ => panic!("{}: {key:?} is no key", attack.name),
        }
    }
    let parts = body.split("\n-- next message\n");
    attack.messages = parts
        .map(|part| part.strip_suffix('\n').unwrap_or(part))
        .map(|part| if percent { decoded(part) } else { part.as_bytes().to_vec() })
        .collect();
    attack
}

/// The lines of the first comment, and what follows.
fn split_head(text: &str) -> (Vec<&str>, &str) {
    let mut rest = text;
    let mut head = Vec::new();
    while let Some(line) = rest.strip_prefix("-- ") {
        let (line, after) = line.split_once('\n').expect("something is sent");
        head.push(line);
        rest = after;
    }
    (head, rest.strip_prefix('\n').unwrap_or(rest))
}

/// `%0D` for what an editor would spoil.
fn decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => (out.push(byte), at += 3),
            None => (out.push(bytes[at]), at += 1),
        };
    }
    out
}

/// The bytes of messages spelled out, one on a line; `-` is the empty name:
/// `parse NAME TYPES SQL`, `bind PORTAL STATEMENT VALUES`, `describe S|P NAME`,
/// `execute PORTAL ROWS`, `close S|P NAME`, `query SQL`, `sync`, `flush`, `copydata TEXT`,
/// `copydone`, `raw TAG TEXT`. TYPES and VALUES are lists with commas, `-` for none.
pub(crate) fn messages(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let parts = |n: usize| rest.splitn(n, ' ').collect::<Vec<_>>();
        let name = |text: &str| if text == "-" { String::new() } else { text.to_owned() };
        let list = |text: &str| -> Vec<String> {
            if text == "-" { Vec::new() } else { text.split(',').map(str::to_owned).collect() }
        };
        out.extend(match word {
            "parse" => {
                let parts = parts(3);
                let types: Vec<u32> = list(parts[1]).iter().map(|t| t.parse().unwrap()).collect();
                m::parse(&name(parts[0]), parts[2], &types)
            }
            "bind" => {
                let parts = parts(3);
                let values = list(parts[2]);
                let values: Vec<Option<&str>> = values.iter().map(|v| Some(v.as_str())).collect();
                m::bind(&name(parts[0]), &name(parts[1]), &values)
            }
            "describe" => m::describe(parts(2)[0].as_bytes()[0], &name(parts(2)[1])),
            "execute" => m::execute(&name(parts(2)[0]), parts(2)[1].parse().unwrap()),
            "close" => m::close(parts(2)[0].as_bytes()[0], &name(parts(2)[1])),
            "query" => m::query(rest),
            "sync" => m::sync(),
            "flush" => m::flush(),
            "copydata" => m::copy_data(format!("{rest}\n").as_bytes()),
            "copydone" => m::copy_done(),
            "raw" => m::raw(parts(2)[0].as_bytes()[0], &decoded(parts(2).get(1).unwrap_or(&""))),
            other => panic!("{other:?} is no message"),
        });
    }
    out
}

impl Attack {
    /// The folder that it is in.
    pub(crate) fn group(&self) -> &str {
        self.name.split('/').next().unwrap()
    }
}

#[test]
fn every_file_can_be_read_and_no_two_send_the_same() {
    let attacks = all(&super::folder());
    assert!(attacks.len() >= 250, "{}", attacks.len());
    let mut sent = std::collections::HashMap::new();
    for attack in &attacks {
        assert!(attack.messages.iter().all(|message| !message.is_empty()), "{}", attack.name);
        let key = (attack.scopes.clone(), attack.messages.clone());
        if let Some(other) = sent.insert(key, &attack.name) {
            panic!("{} sends what {other} sends", attack.name);
        }
    }
}
