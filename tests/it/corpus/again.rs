//! P10: what was allowed once is judged again when it runs, since the catalogue may have changed
//! in between, and so may what a name means.

use super::inner::{Known, Upstream};
use super::on_every_server;
use crate::support::message as m;
use crate::support::pg::run;
use crate::support::wire::Wire;

const HARMLESS: &str =
    "CREATE OR REPLACE FUNCTION public.turning() RETURNS int LANGUAGE sql AS 'SELECT 1'";
const HARMFUL: &str = "CREATE OR REPLACE FUNCTION public.turning() RETURNS int LANGUAGE sql SECURITY DEFINER \
    AS 'INSERT INTO public.victim VALUES (1) RETURNING 1'";

/// Runs what was prepared before; whether pgward refused.
type Again = fn(&mut Wire) -> bool;

/// Makes the session keep a statement.
type Keep = fn(&mut Wire);

/// How a statement is kept, and how it runs again.
const KEPT: &[(&str, Keep, Again)] = &[
    (
        "parsed",
        |w| drop(w.round(&[m::parse("s", "SELECT public.turning()", &[]), m::sync()])),
        |w| refused(w, &[m::bind("", "s", &[]), m::execute("", 0), m::sync()].concat()),
    ),
    (
        "parsed and described",
        |w| {
            let parse = m::parse("s", "SELECT public.turning()", &[]);
            drop(w.round(&[parse, m::describe(b'S', "s"), m::sync()]));
        },
        |w| refused(w, &[m::bind("c", "s", &[]), m::describe(b'P', "c"), m::sync()].concat()),
    ),
    (
        "prepared",
        |w| drop(w.query("PREPARE p AS SELECT public.turning()")),
        |w| refused(w, &m::query("EXECUTE p")),
    ),
    (
        "prepared by SQL, bound by a message",
        |w| drop(w.query("PREPARE p AS SELECT public.turning()")),
        |w| refused(w, &[m::bind("", "p", &[]), m::execute("", 0), m::sync()].concat()),
    ),
    (
        "parsed, executed by SQL",
        |w| drop(w.round(&[m::parse("p", "SELECT public.turning()", &[]), m::sync()])),
        |w| refused(w, &m::query("EXECUTE p")),
    ),
    (
        "explained",
        |w| drop(w.query("PREPARE p AS SELECT public.turning()")),
        |w| refused(w, &m::query("EXPLAIN ANALYZE EXECUTE p")),
    ),
    (
        "the same text",
        |w| drop(w.query("SELECT public.turning()")),
        |w| refused(w, &m::query("SELECT public.turning()")),
    ),
];

fn refused(wire: &mut Wire, bytes: &[u8]) -> bool {
    wire.send(bytes);
    let reply = wire.reply();
    reply.errors.first().is_some_and(|error| error.message().starts_with("pgward: "))
}

on_every_server! {
    fn what_was_prepared_is_judged_again(pg) {
        let database = pg.database();
        let mut admin = pg.admin(&database);
        let upstream = Upstream { role: "boss", settings: &[] };
        run(&mut admin, HARMLESS);
        let known = Known::of(pg, &database);
        let mut failures = Vec::new();
        for (what, keep, again) in KEPT {
            run(&mut admin, HARMLESS);
            known.refresh(&database);
            let mut session = known.session(pg, &database, upstream, &[]);
            keep(&mut session);
            assert!(!again(&mut session), "{what}");
            session.round(&[m::sync()]);
            let mut session = known.session(pg, &database, upstream, &[]);
            keep(&mut session);
            run(&mut admin, HARMFUL);
            known.refresh(&database);
            let judged = again(&mut session);
            session.round(&[m::sync()]);
            let victims = pg.victims(&database);
            if !judged || victims != "0" {
                failures.push(format!("{what}: refused {judged}, rows {victims}"));
            }
            run(&mut admin, "TRUNCATE public.victim");
        }
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }
}
