//! The extended protocol: Parse, Bind, Describe, Execute, Close, Flush, Sync.

use crate::support::gate::{Gate, Options};
use crate::support::message as m;
use crate::support::on_each_server;

on_each_server! {
    fn reads_bring_what_they_bring_directly(pg) {
        let gate = Gate::new(pg);
        let mut through = gate.session(&gate.read_grant());
        let mut direct = pg.direct(&gate.database);
        let cases: &[(&str, &[Option<&str>])] = &[
            ("SELECT $1::int + 1", &[Some("41")]),
            ("SELECT * FROM orders WHERE id = $1", &[Some("7")]),
            ("SELECT * FROM orders WHERE status = $1 ORDER BY id", &[Some("paid")]),
            ("SELECT $1::text IS NULL", &[None]),
            ("", &[]),
            ("SHOW server_version", &[]),
            ("SELECT 1/$1::int", &[Some("0")]),
            ("SELECT * FROM missing", &[]),
            ("EXPLAIN (COSTS off) SELECT * FROM orders WHERE id = $1", &[Some("1")]),
            ("BEGIN", &[]),
            ("SELECT count(*) FROM orders", &[]),
            ("COMMIT", &[]),
        ];
        for (sql, values) in cases {
            let (ours, theirs) = (through.extended(sql, values), direct.extended(sql, values));
            assert_eq!(ours.sequence, theirs.sequence, "{sql}: {ours:?}");
            assert_eq!((&ours.rows, &ours.tags), (&theirs.rows, &theirs.tags), "{sql}");
            assert_eq!((ours.code(), ours.status), (theirs.code(), theirs.status), "{sql}");
        }
    }

    fn a_refused_parse_skips_to_sync(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.read_grant());
        let reply = session.extended("DELETE FROM orders WHERE id = $1", &[Some("1")]);
        assert_eq!(reply.sequence, "EZ", "{reply:?}");
        assert_eq!((reply.code(), reply.status), ("25006", b'I'));
        assert!(reply.errors[0].message().starts_with("pgward: "));
        assert_eq!(session.extended("SELECT 1", &[]).value(), "1");
        assert_eq!(session.query("SELECT count(*) FROM orders").value(), "500");
    }

    fn a_refused_parse_leaves_nothing_to_bind(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.read_grant());
        let reply = session.round(&[m::parse("p", "DELETE FROM orders", &[]), m::sync()]);
        assert_eq!(reply.sequence, "EZ");
        let reply = session.round(&[m::bind("", "p", &[]), m::execute("", 0), m::sync()]);
        assert_eq!((reply.sequence.as_str(), reply.code()), ("EZ", "26000"), "{reply:?}");
        // A Parse that the server fails leaves the old unnamed statement: dropped before parsing.
        session.round(&[m::parse("", "SELECT 1", &[]), m::sync()]);
        session.round(&[m::parse("", "DELETE FROM orders", &[]), m::sync()]);
        let reply = session.round(&[m::bind("", "", &[]), m::execute("", 0), m::sync()]);
        assert!(reply.sequence.contains('E') || reply.rows == [[Some("1".to_owned())]], "{reply:?}");
    }

    fn describe_and_close_and_flush_work(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.read_grant());
        session.send(&[m::parse("s", "SELECT id FROM orders WHERE id > $1 ORDER BY id", &[23]),
            m::describe(b'S', "s"), m::flush()].concat());
        let tags: Vec<u8> = (0..3).map(|_| session.read().unwrap().tag).collect();
        assert_eq!(tags, b"1tT");
        let reply = session.round(&[m::bind("c", "s", &[Some("490")]), m::describe(b'P', "c"),
            m::execute("c", 4), m::execute("c", 4), m::execute("c", 4), m::sync()]);
        assert_eq!(reply.sequence, "2TDDDDsDDDDsDDCZ");
        assert_eq!(reply.rows.len(), 10);
        let reply = session.round(&[m::close(b'S', "s"), m::sync()]);
        assert_eq!(reply.sequence, "3Z");
        let reply = session.round(&[m::bind("", "s", &[]), m::sync()]);
        assert_eq!((reply.sequence.as_str(), reply.code()), ("EZ", "26000"));
        let reply = session.round(&[m::close(b'S', "never"), m::close(b'P', "never"), m::sync()]);
        assert_eq!(reply.sequence, "33Z");
    }

    fn a_write_waits_in_the_transaction_until_sync(pg) {
        let gate = Gate::new(pg);
        let grant = gate.write_grant(&["insert:public.victim"]);
        let mut session = gate.session(&grant);
        let reply = session.extended("INSERT INTO public.victim VALUES ($1)", &[Some("5")]);
        assert_eq!(reply.tags, ["INSERT 0 1"], "{reply:?}");
        assert_eq!(pg.victims(&gate.database), "1");
        // Work before a refusal in the same implicit transaction does not commit.
        let reply = session.round(&[
            m::parse("", "INSERT INTO public.victim VALUES (6)", &[]), m::bind("", "", &[]),
            m::execute("", 0),
            m::parse("", "DELETE FROM public.orders", &[]), m::bind("", "", &[]),
            m::execute("", 0), m::sync(),
        ]);
        assert_eq!(reply.sequence, "12CEZ", "{reply:?}");
        assert_eq!(pg.victims(&gate.database), "1");
    }

    fn a_domain_as_parameter_type_is_judged_by_its_check(pg) {
        let database = pg.database();
        let mut admin = pg.admin(&database);
        let made = admin.query(
            "CREATE DOMAIN public.locking AS integer CHECK (pg_advisory_lock(VALUE) IS NOT NULL)",
        );
        assert!(made.errors.is_empty(), "{made:?}");
        let gate = Gate::before(pg, &database, &Options::default());
        let mut session = gate.session(&gate.read_grant());
        for (name, sequence) in [("locking", "EZ"), ("positive", "1Z"), ("integer", "1Z")] {
            let oid = admin.query(&format!("SELECT '{name}'::regtype::oid")).value();
            let parse = m::parse("", "SELECT $1", &[oid.parse().unwrap()]);
            let reply = session.round(&[parse, m::sync()]);
            assert_eq!(reply.sequence, sequence, "{name}: {reply:?}");
            let ours = reply.errors.iter().all(|e| e.message().starts_with("pgward: "));
            assert!(ours, "{reply:?}");
        }
    }

    fn binary_values_pass_untouched(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.read_grant());
        let mut bind = vec![0, 0, 0, 1, 0, 1, 0, 1];
        bind.extend(8_u32.to_be_bytes());
        bind.extend(0x0102_0304_0506_0708_i64.to_be_bytes());
        bind.extend([0, 1, 0, 1]);
        session.send(&[m::parse("", "SELECT $1", &[20]), m::raw(b'B', &bind),
            m::execute("", 0), m::sync()].concat());
        let row = std::iter::from_fn(|| session.read()).find(|m| m.tag == b'D').unwrap();
        assert_eq!(&row.body[6..], 0x0102_0304_0506_0708_i64.to_be_bytes());
        assert_eq!(session.reply().sequence, "CZ");
    }
}
