//! Rows about bulk reads and about connecting.

use crate::load::{self, Work};
use crate::options::Options;
use crate::peers::Peers;
use crate::place::Place;
use crate::sessions::drain;
use crate::table::{Table, median};

/// 200 MB each: rows of 1 kB by COPY, and pgbench's accounts (about 117 bytes a row) twice.
const BULK: [(&str, &str, u32); 2] = [
    (
        "COPY of 1 kB rows",
        "COPY (SELECT repeat('x', 1000) FROM generate_series(1, 200000)) TO STDOUT",
        1,
    ),
    ("SELECT of narrow rows", "SELECT aid, bid, abalance, filler FROM pgbench_accounts", 2),
];

/// Processor time per 100 MB that reach the client; the peers take turns in each round.
pub(crate) fn bulk(peers: &Peers, options: &Options, table: &mut Table) -> anyhow::Result<()> {
    for (name, sql, times) in BULK {
        let mut figures = vec![Vec::new(); 3];
        for _ in 0..options.rounds {
            for (peer, figures) in peers.all().into_iter().zip(&mut figures) {
                let (before, mut bytes) = (peer.process.cpu(), 0);
                for _ in 0..times {
                    bytes += drain(&peer.address, sql)?;
                }
                #[allow(clippy::cast_precision_loss, reason = "some hundred megabytes")]
                figures.push((peer.process.cpu() - before) / bytes as f64 * 100.0e6);
            }
        }
        let [haproxy, pgbouncer, pgward] = [0, 1, 2].map(|peer| median(&figures[peer]) / 1e3);
        table.at_most(
            &format!("bulk read, {name}: CPU per 100 MB"),
            pgward / haproxy,
            1.00,
            "× haproxy",
            &format!("{pgward:.0} against {haproxy:.0} ms, pgbouncer {pgbouncer:.0}"),
        );
    }
    Ok(())
}

/// Processor time per connection with one point select in it, SCRAM on both sides. haproxy hands
/// the server's own SCRAM through; pgbouncer hands out server connections that it has.
pub(crate) fn connections(
    place: &Place,
    peers: &Peers,
    options: &Options,
    table: &mut Table,
) -> anyhow::Result<()> {
    let work = Work { clients: 4, rate: Some(30), reconnect: true, ..Work::new("simple") };
    let mut figures = vec![Vec::new(); 3];
    for _ in 0..options.rounds {
        let round = load::together(place, &peers.all(), &work, options.seconds)?;
        figures.iter_mut().zip(round).for_each(|(all, one)| all.push(one));
    }
    let [haproxy, pgbouncer, pgward] = [0, 1, 2].map(|peer| median(&figures[peer]));
    table.at_most(
        "connection set-up: CPU per connection, paired",
        pgward / haproxy,
        1.00,
        "× haproxy",
        &format!("{pgward:.0} against {haproxy:.0} µs, pgbouncer {pgbouncer:.0}"),
    );
    Ok(())
}
