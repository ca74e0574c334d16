//! Who may do what, and what grants may be asked for by name: `[roles.<name>]`, `[admin]`, and
//! the part of `[policy]` that is about approvals.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use regex_lite::Regex;

use super::check::{ROWS_MAX, Surroundings, TTL_MAX, address, listen_tls};
use super::problem::nearest;
use super::read::{Reader, Section};
use super::{Admin, Approvals};
use crate::policy::Scope;

/// More people than ever approve one request.
const APPROVALS_MAX: u64 = 10;

/// `[roles.<name>]`: a set of scopes that is asked for by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRole {
    /// Its name.
    pub name: String,
    /// What it permits beyond reading, as written.
    pub scopes: Vec<String>,
    /// Longest TTL of a grant with it; the policy's in any case.
    pub max_ttl: Option<Duration>,
    /// Approvals that a request with it needs; the policy's at least.
    pub approvals: u32,
    /// Most rows that one statement may write; 0: any number.
    pub max_rows_written: Option<u64>,
}

/// A user of the operating system at the admin socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// Name, or user id in digits.
    pub name: String,
    /// What that user may do.
    pub may: Vec<Right>,
}

/// What an operator may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Right {
    /// Ask for grants, and use, extend and give back their own.
    Request,
    /// Let others have what they ask for, or deny it.
    Approve,
    /// Create, extend, rotate and revoke any grant, kill sessions, manage operators.
    Administer,
    /// See everything, and review emergency access.
    Audit,
    /// Let themselves in at once, for a short time, and answer for it afterwards.
    BreakGlass,
}

impl Right {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Request, Self::Approve, Self::Administer, Self::Audit, Self::BreakGlass];

    /// The word in the configuration and on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Approve => "approve",
            Self::Administer => "administer",
            Self::Audit => "audit",
            Self::BreakGlass => "break-glass",
        }
    }

    /// The right of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|right| right.word() == word)
    }

    /// All words, for people.
    #[must_use]
    pub fn words() -> String {
        Self::ALL.map(Self::word).join(", ")
    }
}

/// `[roles.<name>]`
pub(super) fn roles<'t>(
    reader: &mut Reader<'t>,
    section: &Section<'t>,
) -> BTreeMap<String, GrantRole> {
    let mut roles = BTreeMap::new();
    for name in section.names() {
        let Some(mut section) = section.named(reader, &name) else { continue };
        let scopes = section.texts(reader, "scopes");
        let (line, key) = (section.line, section.key("scopes"));
        for scope in &scopes {
            if let Err(why) = Scope::parse_list(&scope.value) {
                reader.wrong(scope, why.to_string(), "write verbs and table: \"update:public.t\"");
            }
        }
        if scopes.is_empty() {
            let remedy = "write a list of scopes: [\"update:public.orders\"]";
            reader.problem(line, &key, "a role without scopes permits nothing", remedy);
        }
        let longest =
            section.duration(reader, "max_ttl", TTL_MAX, Duration::from_secs(1)..=TTL_MAX);
        let approvals = section.number(reader, "approvals", 0, 0..=APPROVALS_MAX);
        let bounded = section.has("max_rows_written");
        let rows = section.number(reader, "max_rows_written", 0, 0..=ROWS_MAX);
        section.finish(reader);
        let role = GrantRole {
            name: name.clone(),
            scopes: scopes.into_iter().map(|at| at.value).collect(),
            max_ttl: longest.line.map(|_| longest.value),
            approvals: u32::try_from(approvals).unwrap_or(u32::MAX),
            max_rows_written: bounded.then_some(rows),
        };
        roles.insert(name, role);
    }
    roles
}

/// `policy.approvals`
pub(super) fn approvals<'t>(reader: &mut Reader<'t>, policy: &mut Section<'t>) -> Approvals {
    let mut section = policy.table(reader, "approvals");
    let mut number = |name| {
        let number = section.number(reader, name, 1, 0..=APPROVALS_MAX);
        u32::try_from(number).unwrap_or(u32::MAX)
    };
    let approvals = Approvals { read: number("read"), write: number("write"), ddl: number("ddl") };
    section.finish(reader);
    approvals
}

/// `policy.ticket_pattern`
pub(super) fn ticket_pattern<'t>(
    reader: &mut Reader<'t>,
    policy: &mut Section<'t>,
) -> Option<String> {
    let pattern = policy.text(reader, "ticket_pattern")?;
    if let Err(why) = Regex::new(&pattern.value) {
        let what = format!("\"{}\" is not a regular expression: {why}", pattern.value);
        reader.wrong(&pattern, what, "write one such as \"[A-Z]+-[0-9]+\"");
        return None;
    }
    Some(pattern.value)
}

/// `[admin]`
pub(super) fn admin<'t>(
    reader: &mut Reader<'t>,
    mut section: Section<'t>,
    around: &Surroundings<'_>,
) -> Admin {
    let written = section.text_or(reader, "socket", "pgward.sock");
    let socket = around.path(&written.value);
    // sun_path holds 108 bytes with its NUL (unix(7)).
    if written.value.is_empty() || socket.as_os_str().len() > 107 {
        let what = "the path of the admin socket is empty, or longer than 107 bytes";
        reader.wrong(&written, what, "choose a shorter path, such as \"/run/pgward.sock\"");
    }
    let wanted = section.text_or(reader, "address", "off");
    let off = wanted.value == "off";
    let address: Option<SocketAddr> = if off { None } else { address(reader, &wanted) };
    let tls_section = section.table(reader, "tls");
    let wants_tls = tls_section.is_present();
    let tls = listen_tls(reader, tls_section, around);
    if let Some(address) = address.filter(|at| !at.ip().is_loopback() && !wants_tls) {
        let what = format!("{address} is not loopback, and without TLS tokens travel in clear");
        let remedy = "set admin.tls.certificate and admin.tls.key, or listen on 127.0.0.1";
        reader.wrong(&wanted, what, remedy);
    }
    let operators = operators(reader, &mut section);
    section.finish(reader);
    Admin { socket, address, tls, operators }
}

/// `admin.operators`: names of users, each with what it may do.
fn operators<'t>(reader: &mut Reader<'t>, admin: &mut Section<'t>) -> Vec<Operator> {
    let section = admin.table(reader, "operators");
    let mut operators = Vec::new();
    for name in section.names() {
        let mut may = Vec::new();
        for word in section.named_texts(reader, &name) {
            match Right::from_word(&word.value) {
                Some(right) => may.push(right),
                None => {
                    let remedy = nearest(&word.value, Right::ALL.map(Right::word)).map_or_else(
                        || format!("possible: {}", Right::words()),
                        |near| format!("did you mean \"{near}\"? possible: {}", Right::words()),
                    );
                    let what = format!("\"{}\" is nothing that an operator may do", word.value);
                    reader.wrong(&word, what, remedy);
                }
            }
        }
        may.sort_unstable();
        may.dedup();
        operators.push(Operator { name, may });
    }
    operators
}
