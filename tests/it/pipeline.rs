//! Many requests before any answer: order holds, refusals skip to Sync, nothing shifts by one.

use crate::support::gate::Gate;
use crate::support::message as m;
use crate::support::on_each_server;

fn one(sql: &str) -> Vec<Vec<u8>> {
    vec![m::parse("", sql, &[]), m::bind("", "", &[]), m::execute("", 0)]
}

on_each_server! {
    fn a_refusal_between_reads_hits_only_its_own_segment(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.read_grant());
        let mut bytes = Vec::new();
        for n in 0..30 {
            let sql = if n % 3 == 1 { "DELETE FROM orders".to_owned() } else { format!("SELECT {n}") };
            bytes.extend(one(&sql).concat());
            bytes.extend(m::sync());
        }
        session.send(&bytes);
        for n in 0..30 {
            let reply = session.reply();
            if n % 3 == 1 {
                assert_eq!((reply.sequence.as_str(), reply.code()), ("EZ", "25006"), "{n}: {reply:?}");
            } else {
                assert_eq!(reply.value(), n.to_string());
            }
        }
        assert_eq!(session.query("SELECT count(*) FROM orders").value(), "500");
    }

    fn what_follows_a_refusal_is_skipped_until_sync(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.read_grant());
        let reply = session.round(&[one("SELECT 1"), one("DELETE FROM orders"), one("SELECT 2"),
            vec![m::flush(), m::sync()]].concat());
        assert_eq!(reply.sequence, "12DCEZ", "{reply:?}");
        assert_eq!(reply.rows, [[Some("1".to_owned())]]);
        assert_eq!(session.extended("SELECT 3", &[]).value(), "3");
    }

    fn what_follows_a_servers_error_is_skipped_too(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.read_grant());
        let reply = session.round(&[one("SELECT 1/0"), one("DELETE FROM orders"), one("SELECT 2"),
            vec![m::sync()]].concat());
        assert_eq!(reply.code(), "22012", "{reply:?}");
        assert_eq!(reply.errors.len(), 1, "{reply:?}");
        assert_eq!(session.query("SELECT 4").value(), "4");
    }

    fn a_skipped_parse_does_not_replace_the_statement(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.write_grant(&["insert:public.victim"]));
        session.round(&[m::parse("s", "SELECT 'old'", &[]), m::sync()]);
        // Close and the second Parse are skipped: "s" is still the old statement.
        let reply = session.round(&[one("SELECT 1/0"), vec![m::close(b'S', "s"),
            m::parse("s", "INSERT INTO public.victim VALUES (1)", &[]), m::sync()]].concat());
        assert_eq!(reply.sequence, "1EZ", "{reply:?}");
        let reply = session.round(&[m::bind("", "s", &[]), m::execute("", 0), m::sync()]);
        assert_eq!(reply.value(), "old");
        assert_eq!(pg.victims(&gate.database), "0");
    }

    fn simple_queries_pipeline_as_well(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.read_grant());
        let texts = ["SELECT 1", "DELETE FROM orders", "SELECT 2; SELECT 3", "", "SELEC", "SELECT 4"];
        session.send(&texts.iter().flat_map(|sql| m::query(sql)).collect::<Vec<_>>());
        let sequences: Vec<String> = texts.iter().map(|_| session.reply().sequence).collect();
        assert_eq!(sequences, ["TDCZ", "EZ", "TDCTDCZ", "IZ", "EZ", "TDCZ"]);
    }

    fn a_pipeline_longer_than_any_buffer_neither_hangs_nor_shifts(pg) {
        let gate = Gate::new(pg);
        let session = gate.session(&gate.read_grant());
        let mut writer = crate::support::wire::Wire::over(
            Box::new(session.socket.try_clone().unwrap()), session.socket.try_clone().unwrap());
        let sending = std::thread::spawn(move || {
            for n in 0..20_000 {
                let sql = format!("SELECT {n}, repeat('x', 200)");
                let mut bytes = one(&sql).concat();
                bytes.extend(m::sync());
                writer.send(&bytes);
            }
        });
        let mut session = session;
        for n in 0..20_000 {
            let reply = session.reply();
            assert_eq!(reply.rows[0][0].as_deref(), Some(n.to_string().as_str()), "{:?}", reply.errors);
        }
        sending.join().unwrap();
    }

    fn a_message_may_come_in_any_pieces(pg) {
        let gate = Gate::new(pg);
        let mut session = gate.session(&gate.read_grant());
        let bytes = [one("SELECT 'in pieces'").concat(), m::sync(), m::query("DELETE FROM orders"),
            m::query("SELECT 2")].concat();
        for byte in bytes {
            session.send(&[byte]);
        }
        assert_eq!(session.reply().value(), "in pieces");
        assert_eq!(session.reply().code(), "25006");
        assert_eq!(session.reply().value(), "2");
    }
}
