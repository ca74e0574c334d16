//! pgward beside haproxy and pgbouncer in front of a throwaway PostgreSQL: every row of the table
//! of docs/performance.md, with its bar. `make bench`, or
//!
//! `cargo bench --bench e2e -- [--rounds N] [--seconds N] [--sessions N] [GROUP…]`
//!
//! `PGWARD_BIN` names another pgward to measure than the one that cargo builds with this.
//! Run by `cargo test --bench e2e` it is a smoke test: every row, one short round.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a benchmark"
)]

#[allow(dead_code, reason = "shared with the other benches")]
#[path = "../cases/mod.rs"]
mod cases;
mod core;
mod load;
mod many;
mod options;
mod peers;
mod place;
mod process;
mod sessions;
mod statements;
mod streams;
#[allow(dead_code, missing_debug_implementations, reason = "shared with the tests")]
#[path = "../../tests/support"]
mod support {
    pub(crate) mod message;
    pub(crate) mod pki;
    pub(crate) mod scram;
    pub(crate) mod wire;
}
mod table;

use std::process::ExitCode;

use options::Options;
use peers::Peers;
use place::Place;
use table::Table;

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::read(std::env::args().skip(1))?;
    raise_descriptors();
    println!("{} rounds of {} s; {}", options.rounds, options.seconds, machine());
    let mut table = Table::new(!options.smoke);
    if options.wants("core") {
        core::core(&options, &mut table);
    }
    if options.groups.iter().any(|group| group != "core") || options.groups.is_empty() {
        servers(&options, &mut table)?;
    }
    let missed = table.finish();
    println!("\nafterwards: {}", machine());
    if options.smoke {
        println!("a smoke test: the figures mean nothing");
        return Ok(ExitCode::SUCCESS);
    }
    println!("{missed} bars missed");
    Ok(if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What it runs on, and how busy that is: load averages of 1, 5 and 15 minutes.
fn machine() -> String {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let (processors, load) = (read("/proc/cpuinfo"), read("/proc/loadavg"));
    let model =
        processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or("", |(_, model)| model.trim());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = load.split(' ').take(3).collect::<Vec<_>>().join(" ");
    format!("{cores} × {model}, load {load}")
}

fn servers(options: &Options, table: &mut Table) -> anyhow::Result<()> {
    let sessions = many::sessions_that_fit(options.sessions);
    let place = Place::start(sessions.max(600) + 200)?;
    println!("pgward: {}", peers::pgward_program().display());
    let peers = Peers::start(&place)?;
    if options.wants("transactions") {
        statements::transactions(&place, &peers, options, table)?;
    }
    if options.wants("latency") {
        statements::latency(&place, &peers, options, table)?;
    }
    if options.wants("bulk") {
        streams::bulk(&peers, options, table)?;
    }
    if options.wants("connections") {
        streams::connections(&place, &peers, options, table)?;
    }
    drop(peers);
    if options.wants("memory") {
        many::memory(&place, options, table)?;
    }
    if options.wants("growth") {
        many::growth(&place, options, sessions, table)?;
    }
    Ok(())
}

/// Raises the number of open files to what is allowed, for this process and those it starts;
/// gives that number.
fn raise_descriptors() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised =
        setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let now = if raised.is_ok() { limit.maximum } else { limit.current };
    now.unwrap_or(1 << 20)
}
