//! Caps on rows, seen by effect.

use crate::support::gate::{Gate, Options};
use crate::support::message as m;
use crate::support::{on_each_server, pg};

fn written(cap: u32) -> Options {
    Options { limits: format!("max_rows_written = {cap}"), ..Options::default() }
}

fn read(limits: &str) -> Options {
    Options { limits: limits.to_owned(), ..Options::default() }
}

const FIVE: &str = "INSERT INTO public.victim SELECT generate_series(1, 5)";
const SIX: &str = "INSERT INTO public.victim SELECT generate_series(1, 6)";

on_each_server! {
    fn nothing_of_a_statement_over_the_cap_is_committed(pg) {
        let gate = Gate::with(pg, &written(5));
        let grant = gate.write_grant(&["insert,update,delete:public.victim"]);
        let mut session = gate.session(&grant);
        // Simple, outside a block.
        assert_eq!(session.query(FIVE).tags, ["INSERT 0 5"]);
        let reply = session.query(SIX);
        assert_eq!((reply.code(), reply.status), ("54000", b'I'), "{reply:?}");
        assert!(reply.tags.is_empty(), "{reply:?}");
        assert!(reply.errors[0].message().contains("wrote 6 rows"), "{reply:?}");
        assert_eq!(pg.victims(&gate.database), "5");
        // Extended.
        let reply = session.extended(SIX, &[]);
        assert_eq!((reply.code(), reply.status), ("54000", b'I'), "{reply:?}");
        assert_eq!(session.extended(FIVE, &[]).tags, ["INSERT 0 5"]);
        assert_eq!(pg.victims(&gate.database), "10");
        // In a block.
        for extended in [false, true] {
            session.query("BEGIN");
            assert_eq!(session.query(FIVE).tags, ["INSERT 0 5"]);
            let reply = if extended { session.extended(SIX, &[]) } else { session.query(SIX) };
            assert_eq!((reply.code(), reply.status), ("54000", b'E'), "{reply:?}");
            assert_eq!(session.query("SELECT 1").code(), "25P02");
            assert_eq!(session.query("COMMIT").tags, ["ROLLBACK"]);
            assert_eq!(pg.victims(&gate.database), "10");
        }
        // A savepoint saves what was before it.
        session.query("BEGIN");
        session.query(FIVE);
        session.query("SAVEPOINT s");
        assert_eq!(session.query(SIX).code(), "54000");
        assert_eq!(session.query("ROLLBACK TO s").status, b'T');
        assert_eq!(session.query("COMMIT").tags, ["COMMIT"]);
        assert_eq!(pg.victims(&gate.database), "15");
        // Strings of several statements.
        let reply = session.query(&format!("{FIVE}; {SIX}"));
        assert_eq!(reply.errors.last().map(|e| e.code().to_owned()).as_deref(), Some("54000"));
        for string in [format!("BEGIN; {SIX}; COMMIT"), format!("BEGIN; {SIX}")] {
            let reply = session.query(&string);
            assert_eq!((reply.code(), reply.status), ("54000", b'E'), "{reply:?}");
            assert_eq!(session.query("COMMIT").tags, ["ROLLBACK"]);
        }
        assert_eq!(pg.victims(&gate.database), "15");
        // Updates and deletes, prepared in SQL too.
        assert_eq!(session.query("UPDATE public.victim SET id = 9 WHERE id < 9").code(), "54000");
        assert_eq!(session.query("PREPARE p AS DELETE FROM public.victim WHERE id < $1").tags, ["PREPARE"]);
        let reply = session.query("EXECUTE p (9)");
        assert_eq!(reply.code(), "54000", "{reply:?}");
        assert_eq!(session.query("EXECUTE p (2)").tags, ["DELETE 3"]);
        assert_eq!(pg.victims(&gate.database), "12");
        assert_eq!(session.query("SELECT 1").value(), "1");
    }

    fn pipelines_and_row_limits_do_not_get_round_the_cap(pg) {
        let gate = Gate::with(pg, &written(5));
        let mut session = gate.session(&gate.write_grant(&["insert:public.victim"]));
        let execute = |sql: &str, rows: u32| {
            [m::parse("", sql, &[]), m::bind("", "", &[]), m::execute("", rows)].concat()
        };
        // Five, six, five in one segment: all or nothing.
        let bytes = [execute(FIVE, 0), execute(SIX, 0), execute(FIVE, 0), m::sync()].concat();
        session.send(&bytes);
        let reply = session.reply();
        assert_eq!(reply.code(), "54000", "{reply:?}");
        assert_eq!(pg.victims(&gate.database), "0");
        // Three segments at once: only the middle one fails.
        let bytes = [
            execute(FIVE, 0), m::sync(), execute(SIX, 0), m::sync(), execute(FIVE, 0), m::sync(),
        ].concat();
        session.send(&bytes);
        let codes: Vec<usize> = (0..3).map(|_| session.reply().errors.len()).collect();
        assert_eq!(codes, [0, 1, 0]);
        assert_eq!(pg.victims(&gate.database), "10");
        // RETURNING with a row limit would end in PortalSuspended and commit at Sync.
        let returning = format!("{SIX} RETURNING id");
        session.send(&[execute(&returning, 1), m::sync()].concat());
        assert_eq!(session.reply().code(), "54000");
        assert_eq!(pg.victims(&gate.database), "10");
        // Two simple queries in one write.
        session.send(&[m::query(SIX), m::query(FIVE)].concat());
        assert_eq!(session.reply().code(), "54000");
        assert_eq!(session.reply().tags, ["INSERT 0 5"]);
        assert_eq!(pg.victims(&gate.database), "15");
    }

    fn a_commit_behind_the_last_ready_for_query_is_known(pg) {
        let gate = Gate::with(pg, &written(5));
        let mut session = gate.session(&gate.write_grant(&["insert:public.victim"]));
        let execute = |sql: &str| [m::parse("", sql, &[]), m::bind("", "", &[]), m::execute("", 0)].concat();
        // In a block the Sync goes through at once, and what is behind it waits.
        session.query("BEGIN");
        session.send(&[execute(SIX), m::sync(), m::query("COMMIT")].concat());
        let reply = session.reply();
        assert_eq!((reply.code(), reply.status), ("54000", b'E'), "{reply:?}");
        assert_eq!(session.reply().tags, ["ROLLBACK"]);
        for _ in 0..2 {
            session.query("BEGIN");
            for _ in 0..3 {
                let reply = session.round(&[execute(FIVE), m::sync()]);
                assert_eq!((reply.sequence.as_str(), reply.status), ("12CZ", b'T'), "{reply:?}");
            }
            session.query("ROLLBACK");
        }
        // A block that has ended without a ReadyForQuery is none.
        for last in [[execute(SIX), m::sync()].concat(), m::query(SIX)] {
            session.query("BEGIN");
            session.send(&[execute("COMMIT"), m::flush()].concat());
            let tags: Vec<u8> = (0..3).map(|_| session.read().unwrap().tag).collect();
            assert_eq!(tags, b"12C");
            session.send(&last);
            let reply = session.reply();
            assert_eq!((reply.code(), reply.status), ("54000", b'I'), "{reply:?}");
        }
        assert_eq!(pg.victims(&gate.database), "0");
    }

    fn rows_read_are_capped(pg) {
        let gate = Gate::with(pg, &read("max_rows_read = 10"));
        let mut session = gate.session(&gate.read_grant());
        for _ in 0..20 {
            let reply = session.query("SELECT generate_series(1, 10)");
            assert_eq!((reply.rows.len(), reply.errors.len()), (10, 0), "{reply:?}");
            let reply = session.query("SELECT generate_series(1, 1000000)");
            assert_eq!((reply.rows.len(), reply.code()), (10, "54000"), "{reply:?}");
            let reply = session.extended("SELECT generate_series(1, 1000000)", &[]);
            assert_eq!(reply.code(), "54000", "{reply:?}");
            assert_eq!(session.query("SELECT 1").value(), "1");
        }
        let reply = session.query("COPY (SELECT generate_series(1, 1000000)) TO STDOUT");
        assert_eq!(reply.code(), "54000", "{reply:?}");
        // A short one ends before it can be cancelled; its block fails all the same.
        session.query("BEGIN");
        assert_eq!(session.query("SELECT generate_series(1, 11)").status, b'E');
        session.query("ROLLBACK");
        assert_eq!(session.query("SELECT 1").value(), "1");
    }

    fn bytes_read_are_capped(pg) {
        let gate = Gate::with(pg, &read("max_bytes_read = 1000"));
        let mut session = gate.session(&gate.read_grant());
        assert!(session.query("SELECT repeat('x', 900)").errors.is_empty());
        assert_eq!(session.query("SELECT repeat('x', 1001)").code(), "54000");
        let many = "SELECT repeat('x', 90) FROM generate_series(1, 100000)";
        assert_eq!(session.query(many).code(), "54000");
        assert_eq!(session.query("SELECT 1").value(), "1");
    }
}

#[test]
fn a_grant_may_have_a_cap_of_its_own() {
    let pg = pg::distribution();
    let gate = Gate::with(pg, &written(5));
    let create =
        |cap: &str| gate.grant(&["--scope", "insert:public.victim", "--max-rows-written", cap]);
    for (cap, passes) in [("6", true), ("0", true), ("2", false)] {
        let grant = create(cap);
        let mut session = gate.session(&grant);
        assert_eq!(session.query(SIX).errors.is_empty(), passes, "{cap}");
        if cap == "0" {
            let archive = "WITH n AS (INSERT INTO public.victim VALUES (1) RETURNING id) \
                           SELECT count(*) FROM n";
            assert!(session.query(archive).errors.is_empty());
        }
    }
}
