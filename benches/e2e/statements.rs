//! Rows about single statements: processor time per transaction, TLS, added latency.

use crate::load::{self, Work};
use crate::options::Options;
use crate::peers::{self, Peer, Peers};
use crate::place::Place;
use crate::table::{Table, least, median};

const PROTOCOLS: [(&str, f64); 3] = [("simple", 1.00), ("extended", 1.00), ("prepared", 0.90)];

/// The most that TLS may add, × haproxy.
const TLS_BAR: f64 = 0.20;

/// Paired and hot rounds of each protocol; TLS beside the simple one.
pub(crate) fn transactions(
    place: &Place,
    peers: &Peers,
    options: &Options,
    table: &mut Table,
) -> anyhow::Result<()> {
    let with_tls = peers::pgward(place, true)?;
    let mut paired = vec![Rounds::default(); PROTOCOLS.len()];
    let mut hot = vec![Rounds::default(); PROTOCOLS.len()];
    for _ in 0..options.rounds {
        for (at, (protocol, _)) in PROTOCOLS.into_iter().enumerate() {
            let mut all: Vec<&Peer> = peers.all().to_vec();
            all.push(&with_tls);
            let work = Work::paired(protocol);
            paired[at].0.push(load::together(place, &all, &work, options.seconds)?);
            let one_by_one: Result<Vec<f64>, _> = peers
                .all()
                .into_iter()
                .map(|peer| load::alone(place, peer, &Work::new(protocol), options.hot_seconds()))
                .collect();
            hot[at].0.push(one_by_one?);
        }
    }
    for (((protocol, bar), paired), hot) in PROTOCOLS.into_iter().zip(&paired).zip(&hot) {
        let (unit, pgward) = (paired.middle(0), paired.middle(2));
        table.at_most(
            &format!("{protocol} protocol: CPU per transaction, paired"),
            pgward / unit,
            bar,
            "× haproxy",
            &format!("{pgward:.1} against {unit:.1} µs"),
        );
        table.beside(
            &format!("{protocol} protocol: pgbouncer, paired"),
            &format!("{:.2} × haproxy", paired.middle(1) / unit),
        );
        table.beside(
            &format!("{protocol} protocol: hot, one at a time, least of the rounds"),
            &format!(
                "haproxy {:.1}, pgbouncer {:.1}, pgward {:.1} µs",
                hot.least(0),
                hot.least(1),
                hot.least(2)
            ),
        );
    }
    let added = (paired[0].middle(3) - paired[0].middle(2)) / paired[0].middle(0);
    let beside = format!("{:.1} µs with TLS", paired[0].middle(3));
    table.at_most("TLS to the client, added per transaction", added, TLS_BAR, "× haproxy", &beside);
    Ok(())
}

/// The figures of each round, of each peer.
#[derive(Debug, Clone, Default)]
struct Rounds(Vec<Vec<f64>>);

impl Rounds {
    fn of(&self, peer: usize) -> Vec<f64> {
        self.0.iter().map(|round| round[peer]).collect()
    }

    fn middle(&self, peer: usize) -> f64 {
        median(&self.of(peer))
    }

    fn least(&self, peer: usize) -> f64 {
        least(&self.of(peer))
    }
}

/// Median latency of one client, over that of a direct connection. The peers take turns in each
/// round, direct among them.
pub(crate) fn latency(
    place: &Place,
    peers: &Peers,
    options: &Options,
    table: &mut Table,
) -> anyhow::Result<()> {
    let work = Work { clients: 1, ..Work::new("simple") };
    let mut addresses = vec![place.direct()];
    addresses.extend(peers.all().map(|peer| peer.address.clone()));
    let mut medians = Rounds::default();
    for _ in 0..options.rounds {
        let round: anyhow::Result<Vec<f64>> = addresses
            .iter()
            .map(|to| Ok(median(&load::latencies(place, to, &work, options.hot_seconds())?)))
            .collect();
        medians.0.push(round?);
    }
    let direct = medians.middle(0);
    let added = |peer| medians.middle(peer) - direct;
    let beside = format!("direct {direct:.0} µs, pgbouncer +{:.1}", added(2));
    let work = "added median latency at 1 client";
    table.at_most(work, added(3), added(1), "µs", &beside);
    Ok(())
}
