//! pgbench as the load, and what it cost a peer.
//!
//! pgbench logs every transaction with the time of its end. So the processor time of a window
//! inside the run can be divided by the transactions of just that window: logins at the start
//! are in neither.

use std::fs;
use std::process::{Child, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};

use crate::peers::{Address, Peer};
use crate::place::{DATABASE, Place};

/// What stays out of the window at the start: every client has logged in by then.
const WARM_UP: Duration = Duration::from_secs(1);

/// What pgbench is to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Work {
    /// `simple`, `extended` or `prepared`.
    pub(crate) protocol: &'static str,
    /// Clients at once.
    pub(crate) clients: u32,
    /// Transactions per second; as many as possible where there is none.
    pub(crate) rate: Option<u32>,
    /// A new connection for every transaction.
    pub(crate) reconnect: bool,
}

impl Work {
    /// Point selects of eight clients.
    pub(crate) const fn new(protocol: &'static str) -> Self {
        Self { protocol, clients: 8, rate: None, reconnect: false }
    }

    /// The same at 300 transactions per second.
    pub(crate) const fn paired(protocol: &'static str) -> Self {
        Self { rate: Some(300), ..Self::new(protocol) }
    }
}

/// A running pgbench.
struct Load {
    child: Child,
    folder: tempfile::TempDir,
}

/// One transaction: when it ended (seconds since 1970) and how long it took (microseconds).
#[derive(Debug, Clone, Copy)]
struct Transaction {
    end: f64,
    microseconds: f64,
}

impl Load {
    fn start(place: &Place, to: &Address, work: &Work, seconds: u32) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut command = place.pgbench(to);
        command.args(["-S", "-n", "-j", "1", "-l", "-M", work.protocol]);
        command.args(["-c", &work.clients.to_string(), "-T", &seconds.to_string()]);
        command.args(work.rate.map(|rate| format!("--rate={rate}")));
        command.args(work.reconnect.then_some("-C"));
        command.arg(DATABASE).current_dir(folder.path());
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot run pgbench")?;
        Ok(Self { child, folder })
    }

    fn finish(self) -> anyhow::Result<Vec<Transaction>> {
        let output = self.child.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() || said.contains("aborted") {
            bail!("pgbench: {said}");
        }
        let mut found = Vec::new();
        for entry in fs::read_dir(self.folder.path())? {
            let text = fs::read_to_string(entry?.path())?;
            found.extend(text.lines().filter_map(transaction));
        }
        Ok(found)
    }
}

/// `client transaction microseconds script seconds microseconds [lag]`
fn transaction(line: &str) -> Option<Transaction> {
    let mut fields = line.split(' ').skip(2);
    let microseconds = fields.next()?.parse().ok()?;
    let seconds: f64 = fields.nth(1)?.parse().ok()?;
    let fraction: f64 = fields.next()?.parse().ok()?;
    Some(Transaction { end: seconds + fraction / 1e6, microseconds })
}

/// All peers at once under the same load: microseconds of processor per transaction of each.
pub(crate) fn together(
    place: &Place,
    peers: &[&Peer],
    work: &Work,
    seconds: u32,
) -> anyhow::Result<Vec<f64>> {
    let loads: Result<Vec<Load>, _> =
        peers.iter().map(|peer| Load::start(place, &peer.address, work, seconds + 2)).collect();
    let loads = loads?;
    std::thread::sleep(WARM_UP);
    let (start, before) = (now(), spent(peers));
    std::thread::sleep(Duration::from_secs(seconds.into()));
    let (end, after) = (now(), spent(peers));
    let mut figures = Vec::new();
    for (load, (after, before)) in loads.into_iter().zip(after.iter().zip(before)) {
        let transactions = load.finish()?;
        let within = transactions.iter().filter(|one| one.end >= start && one.end < end).count();
        #[allow(clippy::cast_precision_loss, reason = "a count of transactions")]
        figures.push((after - before) / within as f64);
    }
    Ok(figures)
}

/// One peer by itself: microseconds of processor per transaction.
pub(crate) fn alone(place: &Place, peer: &Peer, work: &Work, seconds: u32) -> anyhow::Result<f64> {
    Ok(together(place, &[peer], work, seconds)?[0])
}

/// How long transactions take, microseconds each.
pub(crate) fn latencies(
    place: &Place,
    to: &Address,
    work: &Work,
    seconds: u32,
) -> anyhow::Result<Vec<f64>> {
    let transactions = Load::start(place, to, work, seconds)?.finish()?;
    Ok(transactions.iter().map(|one| one.microseconds).collect())
}

fn spent(peers: &[&Peer]) -> Vec<f64> {
    peers.iter().map(|peer| peer.process.cpu()).collect()
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}
