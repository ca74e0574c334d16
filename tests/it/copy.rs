//! COPY out on any grant, COPY in with a scope, and what may be said while it runs.

use crate::support::gate::Gate;
use crate::support::message as m;
use crate::support::on_each_server;

on_each_server! {
    fn copy_out_is_the_same_as_directly(pg) {
        let gate = Gate::new(pg);
        let mut through = gate.session(&gate.read_grant());
        let mut direct = pg.direct(&gate.database);
        for sql in ["COPY orders TO STDOUT", "COPY (SELECT * FROM accounts) TO STDOUT (FORMAT csv)",
            "COPY measurements_2026 TO STDOUT (FORMAT binary)"] {
            through.send(&m::query(sql));
            direct.send(&m::query(sql));
            loop {
                let (ours, theirs) = (through.read().unwrap(), direct.read().unwrap());
                assert_eq!(ours, theirs, "{sql}");
                if ours.tag == b'Z' {
                    break;
                }
            }
        }
    }

    fn copy_out_in_the_extended_protocol(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.read_grant());
        let reply = session.extended("COPY (SELECT generate_series(1,3)) TO STDOUT", &[]);
        assert_eq!(reply.sequence, "12nHdddcCZ");
    }

    fn copy_in_needs_a_scope(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.read_grant());
        assert_eq!(session.query("COPY victim FROM STDIN").code(), "25006");
        let grant = gate.write_grant(&["insert:public.victim"]);
        let mut session = gate.session(&grant);
        session.send(&m::query("COPY public.victim FROM STDIN"));
        assert_eq!(session.read().unwrap().tag, b'G');
        session.send(&[m::copy_data(b"1\n2\n"), m::copy_data(b"3\n"), m::copy_done()].concat());
        let reply = session.reply();
        assert_eq!((reply.sequence.as_str(), &reply.tags[..]), ("CZ", &["COPY 3".to_owned()][..]));
        assert_eq!(pg.victims(&gate.database), "3");
        assert_ne!(session.query("COPY public.orders (account_id, amount) FROM STDIN").code(), "");
        assert_eq!(session.query("SELECT 1").value(), "1");
    }

    fn copy_in_in_the_extended_protocol(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.write_grant(&["insert:public.victim"]));
        session.send(&[m::parse("", "COPY public.victim FROM STDIN", &[]), m::bind("", "", &[]),
            m::execute("", 0), m::flush()].concat());
        let tags: Vec<u8> = (0..3).map(|_| session.read().unwrap().tag).collect();
        assert_eq!(tags, b"12G");
        session.send(&[m::copy_data(b"1\n"), m::copy_done(), m::sync()].concat());
        assert_eq!(session.reply().tags, ["COPY 1"]);
        assert_eq!(pg.victims(&gate.database), "1");
    }

    fn a_failed_copy_commits_nothing(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.write_grant(&["insert:public.victim"]));
        session.send(&m::query("COPY public.victim FROM STDIN"));
        assert_eq!(session.read().unwrap().tag, b'G');
        session.send(&[m::copy_data(b"1\n"), m::copy_fail("changed my mind")].concat());
        assert_eq!(session.reply().code(), "57014");
        session.send(&m::query("COPY public.victim FROM STDIN"));
        assert_eq!(session.read().unwrap().tag, b'G');
        session.send(&[m::copy_data(b"not a number\n"), m::copy_data(b"2\n"), m::copy_done()].concat());
        assert_eq!(session.reply().code(), "22P02");
        assert_eq!(session.query("SELECT 1").value(), "1");
        assert_eq!(pg.victims(&gate.database), "0");
    }

    fn a_query_inside_copy_in_ends_the_session(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.write_grant(&["insert:public.victim"]));
        session.send(&m::query("COPY public.victim FROM STDIN"));
        assert_eq!(session.read().unwrap().tag, b'G');
        session.send(&[m::copy_data(b"1\n"), m::query("DELETE FROM orders")].concat());
        let reply = session.reply();
        assert!(reply.errors.iter().any(|e| e.code() == "08P01"), "{reply:?}");
        assert_eq!(reply.status, 0, "the session is over: {reply:?}");
        assert_eq!(pg.victims(&gate.database), "0");
        assert_eq!(pg.admin(&gate.database).query("SELECT count(*) FROM orders").value(), "500");
    }

    fn statements_hidden_in_copy_data_are_data(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.write_grant(&["insert:public.victim"]));
        // The server fails the COPY at once; what the client has sent on as CopyData is dropped
        // by the server until CopyDone, and no part of it may be read as a message.
        session.send(&m::query("COPY public.victim (missing) FROM STDIN"));
        session.send(&[m::copy_data(&m::query("DELETE FROM orders")), m::copy_done()].concat());
        assert_eq!(session.reply().code(), "42703");
        assert_eq!(session.query("SELECT count(*) FROM orders").value(), "500");
    }
}
