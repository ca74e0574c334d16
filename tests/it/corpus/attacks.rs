//! Every file of `tests/readonly_corpus`, on every major, through the real pgward: nothing
//! changes, whoever the upstream role is and whatever the grant covers elsewhere.

use std::time::Duration;

use super::attack::{Attacker, Compared, run};
use super::file::{self, Attack};
use super::ground::Ground;
use super::on_every_server;
use crate::support::eventually;
use crate::support::gate::{Gate, Options};
use crate::support::pg::Pg;

/// The group with objects of its own.
pub(crate) const EQUALITY: &str = "equality";

/// Those that a server of this major can run.
pub(crate) fn attacks(pg: &Pg) -> Vec<Attack> {
    let mut all = file::all(&super::folder());
    all.retain(|attack| attack.since <= pg.major);
    all
}

/// Read grants over one upstream role.
fn read_grants(pg: &Pg, role: &str, options: &Options) {
    let start = std::time::Instant::now();
    let attacks = attacks(pg);
    let of_reads: Vec<&Attack> = attacks.iter().filter(|one| one.scopes.is_empty()).collect();
    let mut ground = Ground::new(pg, role);
    let gate = Gate::before(pg, &ground.database, options);
    let grant = gate.read_grant();
    let mut attacker = Attacker::new(|| gate.session(&grant));
    let (apart, others): (Vec<&Attack>, Vec<&Attack>) =
        of_reads.into_iter().partition(|one| one.group() == EQUALITY);
    let mut failures = run(&mut ground, &mut attacker, &others, Compared::All);
    ground.make(include_bytes!("../../readonly_corpus/equality.sql"));
    eventually("the catalogue is read again", Duration::from_secs(60), || {
        let reply = gate.session(&grant).query("SELECT public.homes()");
        reply.errors.first().is_some_and(|error| error.message().contains("SECURITY DEFINER"))
    });
    failures.extend(run(&mut ground, &mut attacker, &apart, Compared::All));
    eprintln!("TIME {role} {} {:?}", pg.major, start.elapsed());
    assert!(failures.is_empty(), "{} on {role}:\n{}", failures.len(), failures.join("\n"));
}

on_every_server! {
    fn through_a_superuser(pg) {
        read_grants(pg, "boss", &Options::superuser());
    }

    fn through_a_writing_role(pg) {
        read_grants(pg, "writer", &Options::writing_reader());
    }

    fn through_the_reader(pg) {
        read_grants(pg, "reader", &Options::default());
    }

    // What a scope does not cover stays as it is: the files for scopes, each on a grant of its
    // own, and all the others on a grant that may insert somewhere else.
    fn through_scopes(pg) {
        let attacks = attacks(pg);
        let (of_reads, mut of_scopes): (Vec<&Attack>, Vec<&Attack>) =
            attacks.iter().filter(|one| one.group() != EQUALITY).partition(|one| one.scopes.is_empty());
        let mut ground = Ground::new(pg, "boss");
        let gate = Gate::before(pg, &ground.database, &Options::superuser());
        of_scopes.sort_by(|a, b| a.scopes.cmp(&b.scopes));
        let mut failures = Vec::new();
        for group in of_scopes.chunk_by(|a, b| a.scopes == b.scopes) {
            let scopes: Vec<&str> = group[0].scopes.iter().map(String::as_str).collect();
            let grant = gate.write_grant(&scopes);
            let mut attacker = Attacker::new(|| gate.session(&grant));
            failures.extend(run(&mut ground, &mut attacker, group, Compared::All));
        }
        let grant = gate.write_grant(&["insert:public.granted"]);
        let mut attacker = Attacker::new(|| gate.session(&grant));
        failures.extend(run(&mut ground, &mut attacker, &of_reads, Compared::None));
        assert!(failures.is_empty(), "{}:\n{}", failures.len(), failures.join("\n"));
    }
}
