//! Each layer alone: what the server's own layers hold when there is no parser, and what the
//! parser holds when the server would do anything.

use std::process::Command;

use pgward::base::{GrantId, Moment};
use pgward::net::parameters::Wanted;

use super::attack::{Attacker, Compared, Way, run, ways};
use super::attacks::{EQUALITY, attacks};
use super::file::Attack;
use super::ground::{Fingerprint, Ground, difference};
use super::inner::{Known, Upstream, terms};
use super::on_every_server;
use crate::support::gate::{Options, configuration};
use crate::support::on_each_server;
use crate::support::pg::{PASSWORD, Pg, run as run_sql};
use crate::support::wire::{PROTOCOL_3_0, Wire};

/// The reader of `config setup-sql`, made by its own words.
const READER: &str = "setup_reader";

/// Makes the roles as a DBA would.
fn set_up(pg: &Pg, database: &str) {
    let options = Options {
        reader: READER.into(),
        writer: "setup_writer".into(),
        control: "setup_control".into(),
        ..Options::default()
    };
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("proxy.toml");
    std::fs::write(&file, configuration(pg, database, &options, 1, 2)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgward"));
    command.args(["config", "setup-sql", "--config"]).arg(&file);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let mut admin = pg.admin(database);
    run_sql(&mut admin, &String::from_utf8(output.stdout).unwrap());
    run_sql(&mut admin, &format!("ALTER ROLE {READER} PASSWORD '{PASSWORD}'"));
}

/// A session of that reader with the settings of a read grant's StartupMessage.
fn direct(pg: &Pg, database: &str) -> Wire {
    let now = Moment { boot: 0, wall: 0 };
    let mut terms = pgward::policy::Terms::clone(&terms(database, &[]));
    terms.grant = GrantId::from_random(9);
    let asked = Wanted::default().settings(&terms, None, "", now).unwrap();
    let mut startup = vec![("user", READER), ("database", database)];
    startup.extend(asked.settings.iter().map(|(name, value)| (&**name, &**value)));
    let mut wire = Wire::open(pg.port());
    wire.login(PROTOCOL_3_0, &startup, PASSWORD).unwrap();
    wire
}

/// What of a fingerprint is rows of the sample's and the attacks' tables.
fn rows(of: &Fingerprint) -> Fingerprint {
    let table = |name: &str| !name.starts_with("pg_") && !name.contains(' ');
    let other = ["files", "statistics", "listening", "bystanders", "slots", "origins"];
    of.iter()
        .filter(|(name, _)| table(name) && !other.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Sends attacks directly, and gives those after which rows differ.
fn that_write(
    ground: &mut Ground,
    attacker: &mut Attacker<'_>,
    attacks: &[&Attack],
) -> Vec<String> {
    let mut found = Vec::new();
    let mut before = rows(&ground.fingerprint());
    for attack in attacks {
        for way in ways(attack) {
            attacker.attack(ground, attack, *way);
        }
        let after = rows(&ground.fingerprint());
        if before != after {
            found.push(format!("{}: {:?}", attack.name, difference(&before, &after)));
            before = after;
        }
    }
    found
}

on_every_server! {
    // R2, parser off: the reader has no right to write, and its transactions are read-only.
    fn the_server_alone_holds_the_sequences(pg) {
        let attacks = attacks(pg);
        let sequences: Vec<&Attack> = attacks.iter().filter(|one| one.sequence).collect();
        assert!(sequences.len() >= 20, "{}", sequences.len());
        let residue: Vec<&Attack> = attacks.iter().filter(|one| one.residue.is_some()).collect();
        let database = pg.database();
        set_up(pg, &database);
        let mut ground = Ground::new(pg, READER);
        let into = ground.database.clone();
        let mut attacker = Attacker::new(|| direct(pg, &into));
        let failures = that_write(&mut ground, &mut attacker, &sequences);
        assert!(failures.is_empty(), "{}", failures.join("\n"));
        // What the server's layers are known not to hold (docs/threat-model.md), so that nobody
        // takes them for more than they are.
        for one in residue {
            let mut attacker = Attacker::new(|| direct(pg, &into));
            let wrote = that_write(&mut ground, &mut attacker, &[one]);
            let alone = one.name.ends_with("security_definer.sql");
            assert_eq!(wrote.is_empty(), alone, "{}: {wrote:?}", one.name);
        }
    }
}

on_each_server! {
    // R2, server off: a superuser, no setting, and nothing but the core in between.
    fn the_parser_alone_holds_everything(pg) {
        let attacks = attacks(pg);
        let of_reads: Vec<&Attack> = attacks
            .iter()
            .filter(|one| one.scopes.is_empty() && one.group() != EQUALITY)
            .collect();
        let mut ground = Ground::new(pg, "boss");
        let known = Known::of(pg, &ground.database);
        let into = ground.database.clone();
        let upstream = Upstream { role: "boss", settings: &[] };
        let mut attacker = Attacker::new(|| known.session(pg, &into, upstream, &[]));
        let mut failures = run(&mut ground, &mut attacker, &of_reads, Compared::Refusals);
        ground.make(include_bytes!("../../readonly_corpus/equality.sql"));
        known.refresh(&into);
        let apart: Vec<&Attack> =
            attacks.iter().filter(|one| one.group() == EQUALITY).collect();
        failures.extend(run(&mut ground, &mut attacker, &apart, Compared::Refusals));
        assert!(failures.is_empty(), "{}:\n{}", failures.len(), failures.join("\n"));
    }
}

/// With no layer at all the same files do their harm, and it is seen: else the tests above would
/// show nothing. Only what lies in the database: other tests share the server.
#[test]
fn without_any_layer_attacks_have_effects_and_are_found() {
    let pg = crate::support::pg::distribution();
    let attacks = attacks(pg);
    for name in [
        "settings/default_off.sql",
        "transactions/for_update.sql",
        "functions/builtin_lo_create.sql",
        "functions/builtin_advisory_lock.sql",
        "functions/builtin_terminate_backend.sql",
        "functions/builtin_notify_function.sql",
        "functions/builtin_nextval.sql",
        "functions/builtin_stat_reset.sql",
        "functions/uncalled_attribute.sql",
        "functions/uncalled_domain_in_an_array.sql",
        "functions/place_limit.sql",
        "statements/comment.sql",
        "statements/analyze.sql",
        "statements/create_temp_table.sql",
        "copy/to_program.sql",
        "explain/analyze_create_table_as.sql",
        "views/dblink.sql",
        "views/foreign_program.sql",
        "lexing/carriage_return_ends_a_comment.sql",
        "protocol/bind_without_execute.sql",
    ] {
        let attack = attacks.iter().find(|one| one.name == name).expect(name);
        let mut ground = Ground::new(pg, "boss");
        let into = ground.database.clone();
        let open = || Wire::connect(pg.port(), "boss", &into, PASSWORD);
        let mut attacker = Attacker::new(open);
        let before = ground.fingerprint();
        let way = ways(attack)[0];
        assert!(matches!(way, Way::Simple | Way::Messages));
        attacker.attack(&ground, attack, way);
        assert_ne!(before, ground.fingerprint(), "{name} had no effect");
    }
}
