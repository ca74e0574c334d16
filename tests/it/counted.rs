//! Writes whose rows are counted bring what they bring directly, byte for byte, and leave nothing
//! in the server's log that the client did not send.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::support::clients::{Address, psql, python};
use crate::support::gate::{Gate, Options, statement};
use crate::support::message as m;
use crate::support::pg::{PASSWORD, Pg, run};
use crate::support::wire::Wire;
use crate::support::{eventually, on_each_server};

/// Tables with what a write can set off: a notice for each row, one at the commit, a constraint
/// that is deferred.
const TABLES: &str = "
CREATE TABLE public.w (id int PRIMARY KEY, a int CHECK (a < 100), note text);
CREATE TABLE public.child (id int, w int REFERENCES public.w DEFERRABLE INITIALLY DEFERRED);
CREATE FUNCTION public.tell() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN RAISE NOTICE '% by %', TG_NAME, TG_OP; RETURN NULL; END$$;
CREATE TRIGGER told AFTER INSERT OR UPDATE OR DELETE ON public.w
FOR EACH ROW EXECUTE FUNCTION public.tell();
CREATE CONSTRAINT TRIGGER told_late AFTER INSERT ON public.w DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION public.tell();
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON public.w, public.child TO writer;";

const RESET: &str = "TRUNCATE public.w, public.child; SET session_replication_role = replica;
INSERT INTO public.w SELECT n, n, 'row ' || n FROM generate_series(1, 5) n";

const SCOPES: &[&str] = &["insert,update,delete,truncate:public.w", "insert,truncate:public.child"];

/// Each line is one conversation; `⏎` parts its Queries. Every one ends outside a block.
const CONVERSATIONS: &str = "
INSERT INTO public.w VALUES (10, 10, 'x')
INSERT INTO public.w VALUES (10, 10, 'x') RETURNING *
UPDATE public.w SET a = a + 1 WHERE id < 4 RETURNING id, a, note
UPDATE public.w SET a = a + 1 WHERE id = 99 RETURNING id
UPDATE public.w SET a = id * 30 WHERE id > 0 RETURNING id
UPDATE public.w SET a = 1 / (id - 3) WHERE id > 0 RETURNING id
  UPDATE public.w SET nope = 1 WHERE id = 1
UPDATE public.w SET a = $1 WHERE id = 1
INSERT INTO public.w VALUES (1, 1, 'twice')
INSERT INTO public.w VALUES (11, 1, 'é'), (12, 'no', 'x')
INSERT INTO public.child VALUES (1, 1)
INSERT INTO public.child VALUES (1, 999)
INSERT INTO public.child VALUES (1, 999) RETURNING id
DELETE FROM public.w /* a comment */ WHERE id = 5 ; ;
TRUNCATE public.w, public.child
MERGE INTO public.w USING (VALUES (1, 7), (20, 8)) v (i, a) ON w.id = v.i WHEN MATCHED THEN UPDATE SET a = v.a WHEN NOT MATCHED THEN INSERT VALUES (v.i, v.a, 'm')
COPY (DELETE FROM public.w WHERE id = 2 RETURNING id, note) TO STDOUT
EXPLAIN (COSTS off) DELETE FROM public.w WHERE id = 2
INSERT INTO public.w VALUES (10, 1, ''); INSERT INTO public.w VALUES (11, 2, '') RETURNING id; SELECT count(*) FROM public.w
INSERT INTO public.w VALUES (10, 1, 'é€😀'); UPDATE public.w SET nope = 1 WHERE id = 1
SELECT 'é€😀'; UPDATE public.w SET a = 1 WHERE id = nope; SELECT 1
INSERT INTO public.w VALUES (10, 1, ''); SELECT 1 / (a - 1) FROM public.w ORDER BY id
SELECT id FROM public.w; UPDATE public.w SET a = 100 WHERE id = 1; SELECT 2
INSERT INTO public.w VALUES (10, 1, ''); SHOW datestyle; EXPLAIN (COSTS off) SELECT 1; VALUES (1), (2)
INSERT INTO public.child VALUES (1, 999); SELECT 1
SET datestyle TO iso, dmy; INSERT INTO public.w VALUES (10, 1, '') ⏎ SET datestyle TO iso, mdy
BEGIN; INSERT INTO public.w VALUES (10, 1, ''); COMMIT
BEGIN; INSERT INTO public.w VALUES (10, 1, ''); ROLLBACK
BEGIN; INSERT INTO public.child VALUES (1, 999); COMMIT; SELECT 1
BEGIN; INSERT INTO public.w VALUES (1, 1, ''); COMMIT ⏎ SELECT 1 ⏎ ROLLBACK
BEGIN; INSERT INTO public.w VALUES (10, 1, '') ⏎ SELECT count(*) FROM public.w ⏎ COMMIT
INSERT INTO public.w VALUES (10, 1, ''); COMMIT
INSERT INTO public.w VALUES (10, 1, ''); ROLLBACK; INSERT INTO public.w VALUES (11, 1, '')
INSERT INTO public.w VALUES (10, 1, ''); BEGIN; INSERT INTO public.w VALUES (11, 1, '') ⏎ ROLLBACK
BEGIN ⏎ INSERT INTO public.w VALUES (10, 1, '') RETURNING id ⏎ COMMIT
BEGIN ⏎ INSERT INTO public.w VALUES (10, 1, ''); COMMIT; SELECT 1
BEGIN ⏎ SAVEPOINT s ⏎ INSERT INTO public.w VALUES (1, 1, '') ⏎ ROLLBACK TO s; INSERT INTO public.w VALUES (10, 1, ''); COMMIT
BEGIN ⏎ SELECT 1 / 0 ⏎ INSERT INTO public.w VALUES (10, 1, ''); COMMIT ⏎ ROLLBACK; INSERT INTO public.w VALUES (11, 1, '')
BEGIN; INSERT INTO public.w VALUES (10, 1, ''); COMMIT AND CHAIN; INSERT INTO public.w VALUES (11, 1, ''); ROLLBACK
SAVEPOINT s; INSERT INTO public.w VALUES (10, 1, '')
SET LOCAL work_mem TO '1MB'; SHOW work_mem; INSERT INTO public.w VALUES (10, 1, '') ⏎ SHOW work_mem
SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; INSERT INTO public.w VALUES (10, 1, ''); SHOW transaction_isolation
INSERT INTO public.w VALUES (10, 1, ''); SET CONSTRAINTS ALL IMMEDIATE; INSERT INTO public.w VALUES (11, 1, '')
PREPARE p AS UPDATE public.w SET a = $1 WHERE id = 1 RETURNING id, a ⏎ EXECUTE p (5) ⏎ EXECUTE p (500) ⏎ EXECUTE p ($1) ⏎ EXECUTE p (6); EXECUTE p (7) ⏎ DEALLOCATE p
DECLARE c CURSOR WITH HOLD FOR SELECT id FROM public.w ORDER BY id; INSERT INTO public.w VALUES (10, 1, '') ⏎ FETCH ALL c ⏎ CLOSE c
INSERT INTO public.w VALUES (10, 1, ''); PREPARE q AS SELECT 1 ⏎ EXECUTE q ⏎ DEALLOCATE q";

fn conversations() -> impl Iterator<Item = Vec<String>> {
    let wide = (0..500).map(|n| format!("id AS a_rather_long_name_for_a_column_{n}"));
    let wide = format!(
        "INSERT INTO public.w VALUES (10, 1, '') RETURNING {}",
        wide.collect::<Vec<_>>().join(", ")
    );
    let many: Vec<String> =
        (100..300).map(|n| format!("INSERT INTO public.w VALUES ({n}, 1, '')")).collect();
    let lines = CONVERSATIONS.lines().filter(|line| !line.is_empty());
    lines
        .map(|line| line.split(" ⏎ ").map(str::to_owned).collect())
        .chain([vec![wide], vec![many.join(";\n")]])
}

/// Sends Queries and gives every message that comes back.
fn converse(wire: &mut Wire, queries: &[String]) -> Vec<(char, String)> {
    let mut seen = Vec::new();
    for query in queries {
        wire.send(&m::query(query));
        loop {
            let message = wire.read().expect("the session goes on");
            let body: String = message.body.iter().map(|&byte| char::from(byte)).collect();
            // Which line of the server's source a message comes from is nobody's business.
            let fields = body.split('\0').filter(|field| !field.starts_with(['L', 'R']));
            let told = matches!(message.tag, b'E' | b'N');
            let body = if told { fields.collect::<Vec<_>>().join("\0") } else { body };
            seen.push((char::from(message.tag), body));
            if message.tag == b'Z' {
                break;
            }
        }
    }
    seen
}

fn gate(pg: &Pg) -> Gate {
    let gate = Gate::before(pg, &with_tables(pg), &Options::default());
    run(&mut pg.admin(&gate.database), RESET);
    gate
}

fn with_tables(pg: &Pg) -> String {
    let database = pg.database();
    run(&mut pg.admin(&database), TABLES);
    database
}

fn rows(admin: &mut Wire) -> Vec<Vec<Option<String>>> {
    admin.query("SELECT 'w', id, a, note FROM public.w UNION ALL SELECT 'c', id, w, '' FROM public.child ORDER BY 1, 2, 3").rows
}

on_each_server! {
    fn a_query_that_writes_brings_what_it_brings_directly(pg) {
        let gate = gate(pg);
        let mut admin = pg.admin(&gate.database);
        let mut through = gate.session(&gate.write_grant(SCOPES));
        let mut direct = Wire::connect(pg.port(), "writer", &gate.database, PASSWORD);
        // The path that a grant with scopes has.
        run(&mut direct, "SET search_path TO public");
        let mut different = Vec::new();
        for queries in conversations() {
            run(&mut admin, RESET);
            let seen = converse(&mut through, &queries);
            let left = rows(&mut admin);
            run(&mut admin, RESET);
            let expected = converse(&mut direct, &queries);
            if seen != expected || left != rows(&mut admin) {
                different.push(format!("{queries:?}\n  seen {seen:?}\n  directly {expected:?}"));
            }
        }
        assert!(different.is_empty(), "{}", different.join("\n"));
    }

    fn every_statement_in_the_servers_log_is_on_record(pg) {
        let gate = gate(pg);
        let mut session = gate.session(&gate.write_grant(SCOPES));
        let pid = session.query("SELECT pg_backend_pid()").value();
        for queries in conversations() {
            converse(&mut session, &queries);
            run(&mut pg.admin(&gate.database), RESET);
        }
        // Over the cap in every way.
        let many = "INSERT INTO public.w SELECT n, 1, '' FROM generate_series(1000, 2000) n";
        assert_eq!(session.query(many).code(), "54000");
        assert_eq!(session.extended(many, &[]).code(), "54000");
        session.query("BEGIN");
        assert_eq!(session.query(many).status, b'E');
        session.query("ROLLBACK");
        assert_eq!(session.query(&format!("BEGIN; {many}; COMMIT")).status, b'E');
        session.query("ROLLBACK");
        session.send(&m::query("COPY public.w FROM STDIN"));
        assert_eq!(session.read().unwrap().tag, b'G');
        session.send(&[m::copy_data(b"30\t1\t\n"), m::copy_done()].concat());
        assert_eq!(session.reply().tags, ["COPY 1"]);
        assert_eq!(session.query("SELECT 'the last one'").value(), "the last one");

        let mut logged = BTreeMap::new();
        eventually("the log is written", Duration::from_secs(5), || {
            logged = statements_of(&pg.log(), &pid);
            logged.contains_key("SELECT 'the last one'")
        });
        // What was skipped after a failure never ran.
        let skipped: BTreeSet<String> = gate
            .events("statement.done")
            .iter()
            .filter(|record| record["outcome"] == "skipped")
            .map(statement)
            .collect();
        let mut recorded: BTreeMap<String, usize> = BTreeMap::new();
        for record in gate.events("statement.allowed") {
            if !skipped.contains(&statement(&record)) {
                let text = first_line(record["query"].as_str().unwrap());
                *recorded.entry(text).or_default() += 1;
            }
        }
        assert!(logged.len() > 50, "{logged:?}");
        for (text, times) in &logged {
            let known = recorded.get(text).copied().unwrap_or(0);
            assert!(known >= *times, "{text:?}: {times} times in the log, {known} on record");
        }
    }

    fn what_is_over_the_cap_leaves_nothing(pg) {
        let gate = gate(pg);
        let mut session = gate.session(&gate.write_grant(SCOPES));
        let insert = |from: u32, rows: u32| {
            let to = from + rows - 1;
            format!("INSERT INTO public.w SELECT n, 1, '' FROM generate_series({from}, {to}) n")
        };
        let (full, over) = (insert(1000, 1000), insert(3000, 1001));
        let mut admin = pg.admin(&gate.database);
        // The default: a thousand.
        assert_eq!(session.query(&full).tags, ["INSERT 0 1000"]);
        for text in [
            over.clone(),
            format!("{over} RETURNING id"),
            format!("INSERT INTO public.child VALUES (1, 1); {over}"),
            format!("INSERT INTO public.child VALUES (1, 1); {over}; COMMIT"),
            format!("{over}; ROLLBACK; INSERT INTO public.child VALUES (1, 1)"),
            format!("{over}; INSERT INTO public.child VALUES (1, 1)"),
            format!("PREPARE p AS SELECT 1; {over}; SELECT 1"),
        ] {
            let reply = session.query(&text);
            let error = reply.errors.last().unwrap();
            assert_eq!((error.code(), reply.status), ("54000", b'I'), "{text}: {reply:?}");
            assert_eq!(reply.errors.len(), 1, "{text}: {reply:?}");
            assert_eq!(rows(&mut admin).len(), 1005, "{text}");
        }
        // PREPARE is not undone, as directly.
        assert_eq!(session.query("EXECUTE p").value(), "1");
        let reply = session.query(&format!("INSERT INTO public.child VALUES (1, 1); COMMIT; {over}"));
        assert_eq!((reply.code(), reply.status), ("54000", b'I'), "{reply:?}");
        assert_eq!(rows(&mut admin).len(), 1006);
        // COPY, simple and extended, over the cap.
        let lines: String = (3000..4001).map(|n| format!("{n}\t1\tx\n")).collect();
        session.send(&m::query("COPY public.w FROM STDIN"));
        assert_eq!(session.read().unwrap().tag, b'G');
        session.send(&[m::copy_data(lines.as_bytes()), m::copy_done()].concat());
        assert_eq!(session.reply().code(), "54000");
        // libpq sends a Sync with the Execute and another after the data.
        session.send(&[m::parse("", "COPY public.w FROM STDIN", &[]), m::bind("", "", &[]),
            m::execute("", 0), m::sync()].concat());
        let tags: Vec<u8> = (0..3).map(|_| session.read().unwrap().tag).collect();
        assert_eq!(tags, b"12G");
        session.send(&[m::copy_data(lines.as_bytes()), m::copy_done(), m::sync()].concat());
        let reply = session.reply();
        assert_eq!((reply.code(), reply.status), ("54000", b'I'), "{reply:?}");
        assert_eq!(rows(&mut admin).len(), 1006);
        // Pipelined Queries: each waits for the one before.
        session.send(&[m::query(&over), m::query("SELECT 1"), m::query(&over)].concat());
        let codes: Vec<String> = (0..3).map(|_| session.reply().code().to_owned()).collect();
        assert_eq!(codes, ["54000", "", "54000"]);
        assert_eq!(rows(&mut admin).len(), 1006);
        // A Query behind an Execute without a Sync is in its transaction.
        session.send(&[m::parse("", "INSERT INTO public.child VALUES (2, 2)", &[]),
            m::bind("", "", &[]), m::execute("", 0), m::query(&over)].concat());
        assert_eq!(session.reply().code(), "54000");
        assert_eq!(rows(&mut admin).len(), 1006);
        assert_eq!(session.query("SELECT 1").value(), "1");
    }

    fn what_differs_in_a_string_is_refused_beside_a_write(pg) {
        let gate = gate(pg);
        let scopes = [SCOPES, &["maintain:public.w", "ddl:public"]].concat();
        let mut session = gate.session(&gate.write_grant(&scopes));
        let insert = "INSERT INTO public.child VALUES (1, 1)";
        for (string, hint) in [
            (format!("LOCK TABLE public.w IN ACCESS SHARE MODE; {insert}"), "BEGIN"),
            (format!("DECLARE c CURSOR FOR SELECT 1; {insert}"), "BEGIN"),
            (format!("{insert}; DECLARE c CURSOR FOR SELECT 1"), "BEGIN"),
            (format!("VACUUM public.w; {insert}"), "its own"),
            (format!("{insert}; COMMIT; VACUUM public.w"), "its own"),
            (format!("CREATE INDEX CONCURRENTLY ON public.w (a); {insert}"), "its own"),
            (format!("DISCARD PLANS; {insert}"), "its own"),
            (format!("DECLARE d CURSOR WITH HOLD FOR SELECT 1; {insert}; FETCH d"), "its own"),
        ] {
            let reply = session.query(&string);
            assert_eq!(reply.code(), "42501", "{string}: {reply:?}");
            assert!(reply.errors[0].hint().contains(hint), "{string}: {reply:?}");
        }
        assert_eq!(session.query("SELECT count(*) FROM public.child").value(), "0");
        // As the server says it.
        let reply = session.query(&format!("{insert}; VACUUM public.w"));
        assert_eq!(reply.errors.last().unwrap().code(), "25001", "{reply:?}");
        for string in [
            format!("BEGIN; LOCK TABLE public.w IN ACCESS SHARE MODE; {insert}; COMMIT"),
            format!("BEGIN; DECLARE c CURSOR FOR SELECT 1; {insert}; COMMIT"),
        ] {
            let reply = session.query(&string);
            assert!(reply.errors.is_empty(), "{string}: {reply:?}");
        }
        assert_eq!(session.query("SELECT count(*) FROM public.child").value(), "2");
    }

    fn a_counted_write_can_be_cancelled(pg) {
        let gate = gate(pg);
        let mut session = gate.session(&gate.write_grant(SCOPES));
        for text in [
            "UPDATE public.w SET a = 1 WHERE id = 1 AND pg_sleep(300) IS NOT NULL",
            "INSERT INTO public.child VALUES (1, 1); UPDATE public.w SET a = 1 WHERE id = 1 AND pg_sleep(299) IS NOT NULL",
        ] {
            session.send(&m::query(text));
            let slow = if text.contains("299") { "sleep(299" } else { "sleep(300" };
            pg.runs(&gate.database, slow);
            Wire::open(gate.port).send(&m::cancel(session.pid, &session.key));
            let reply = session.reply();
            assert_eq!(reply.errors.last().unwrap().code(), "57014", "{reply:?}");
            assert_eq!(reply.status, b'I');
        }
        assert_eq!(session.query("SELECT count(*) FROM public.child").value(), "0");
    }

    fn a_commit_prepared_by_parse_is_none_behind_execute(pg) {
        let gate = gate(pg);
        let mut session = gate.session(&gate.write_grant(SCOPES));
        let mut admin = pg.admin(&gate.database);
        let before = rows(&mut admin).len();
        let over = "INSERT INTO public.w SELECT n, 1, '' FROM generate_series(1000, 2000) n";
        let reply = session.round(&[
            m::parse("c", "COMMIT", &[]), m::parse("r", "ROLLBACK AND CHAIN", &[]),
            m::parse("b", "BEGIN", &[]), m::parse("fill", "COPY public.w FROM STDIN", &[]), m::sync(),
        ]);
        assert!(reply.errors.is_empty(), "{reply:?}");
        session.query("BEGIN");
        session.query(&format!("{over}; EXECUTE c"));
        session.query("ROLLBACK");
        assert_eq!(rows(&mut admin).len(), before, "in a string");
        session.query("BEGIN");
        session.round(&[
            m::parse("", "EXECUTE c", &[]), m::bind("", "", &[]), m::execute("", 0),
            m::parse("", over, &[]), m::bind("", "", &[]), m::execute("", 0), m::sync(),
        ]);
        session.query("ROLLBACK");
        assert_eq!(rows(&mut admin).len(), before, "before a Sync");
        // Bound while it was a read, executed as another.
        session.round(&[m::parse("x", "SELECT 1", &[]), m::parse("e", "EXECUTE x", &[]), m::sync()]);
        session.query("BEGIN");
        let reply = session.round(&[m::bind("p", "e", &[]), m::sync()]);
        assert!(reply.errors.is_empty(), "{reply:?}");
        session.send(&[m::close(b'S', "x"), m::parse("x", over, &[]), m::sync(),
            m::execute("p", 0), m::sync(), m::query("COMMIT")].concat());
        let replies: Vec<_> = (0..3).map(|_| session.reply()).collect();
        assert_eq!(rows(&mut admin).len(), before, "bound before: {:?}", replies[1].errors);
        // A portal that writes, run by a FETCH that was prepared before it.
        session.query("BEGIN");
        let returning = format!("{over} RETURNING id");
        session.round(&[m::parse("f", "FETCH ALL pw", &[]), m::sync()]);
        session.round(&[m::parse("", &returning, &[]), m::bind("pw", "", &[]), m::sync()]);
        session.query("EXECUTE f");
        session.query("COMMIT");
        assert_eq!(rows(&mut admin).len(), before, "fetched");
        session.query(&format!("PREPARE o AS {over}"));
        session.query("EXPLAIN ANALYZE EXECUTE o");
        assert_eq!(rows(&mut admin).len(), before, "explained");
        assert_eq!(session.query("EXPLAIN (COSTS off) EXECUTE o").code(), "");
        for name in ["c", "r", "b", "fill"] {
            let reply = session.query(&format!("EXECUTE {name}"));
            assert_eq!((reply.code(), reply.status), ("0A000", b'I'), "{name}: {reply:?}");
        }
        assert_eq!(session.query("SELECT 1").value(), "1");
    }

    fn an_unnamed_statement_is_gone_after_a_query(pg) {
        let gate = gate(pg);
        let mut session = gate.session(&gate.write_grant(SCOPES));
        let insert = "INSERT INTO public.child VALUES (1, 1)";
        for _ in 0..2 {
            assert!(session.extended("SELECT 1", &[]).errors.is_empty());
            assert_eq!(session.query(insert).tags, ["INSERT 0 1"]);
            let reply = session.round(&[m::describe(b'S', ""), m::sync()]);
            assert_eq!((reply.code(), reply.sequence.as_str()), ("26000", "EZ"), "{reply:?}");
            assert_eq!(session.query(insert).tags, ["INSERT 0 1"]);
            let reply = session.round(&[m::bind("", "", &[]), m::execute("", 0), m::sync()]);
            assert_eq!(reply.code(), "26000", "{reply:?}");
            let reply = session.round(&[m::parse("", "SELECT 2", &[]), m::describe(b'S', ""), m::sync()]);
            assert_eq!(reply.sequence, "1tTZ", "{reply:?}");
        }
    }
}

#[test]
fn psql_and_psycopg2_write_as_they_do_directly() {
    let pg = crate::support::pg::distribution();
    let gate = gate(pg);
    let through = Address::gate(&gate, &gate.write_grant(SCOPES));
    let two = "UPDATE public.w SET a = 7 WHERE id = 1; DELETE FROM public.w WHERE id = 2";
    let block = format!("BEGIN; {two}; COMMIT");
    for arguments in [&["-c", two][..], &["-c", &block], &["-1", "-c", two]] {
        psql(&through, arguments, "").expect("psql");
    }
    let input = "\\copy public.w from stdin\n50\t1\tx\n\\.\n\
                 INSERT INTO public.w VALUES (51, 1, 'y') RETURNING id \\gset\n\\echo got :id\n";
    let output = psql(&through, &["-v", "ON_ERROR_STOP=1"], input).expect("psql");
    assert_eq!(output.trim(), "got 51");
    python(&through, "writes_psycopg2.py").expect("psycopg2");
    let expected = ["1", "3", "4", "5", "50", "51", "61", "62"];
    let ids = pg.admin(&gate.database).query("SELECT id FROM public.w ORDER BY id").rows;
    assert_eq!(ids.iter().map(|row| row[0].as_deref().unwrap()).collect::<Vec<_>>(), expected);
}

/// The statements that a backend has logged, and how often.
fn statements_of(log: &str, pid: &str) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for line in log.lines() {
        let mut parts = line.splitn(6, '|');
        if parts.nth(1) != Some(pid) {
            continue;
        }
        let Some(message) = parts.nth(3) else { continue };
        let text = message.strip_prefix("LOG:  statement: ").or_else(|| {
            message
                .strip_prefix("LOG:  execute ")
                .and_then(|rest| rest.split_once(": "))
                .map(|p| p.1)
        });
        if let Some(text) = text {
            *found.entry(first_line(text)).or_default() += 1;
        }
    }
    found
}

/// What of a statement stands in the first line of its log entry.
fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim_end_matches([';', ' ']).to_owned()
}
