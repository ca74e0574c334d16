//! Encodings other than UTF8: what the grammar would make another name of than the server does is
//! refused, and so is a session in which bytes below 0x80 are parts of letters.

use crate::support::gate::{Gate, Options};
use crate::support::message as m;
use crate::support::on_each_server;
use crate::support::pg::run;
use crate::support::wire::{Reply, Wire};

/// Cyrillic а, б and в in EUC_JP: what has two bytes in UTF-8 is taken for four.
const LETTERS: [&[u8]; 3] = [b"\xa7\xd1", b"\xa7\xd2", b"\xa7\xd3"];

fn query(session: &mut Wire, text: &[u8]) -> Reply {
    let mut text = text.to_vec();
    text.push(0);
    session.send(&m::raw(b'Q', &text));
    session.reply()
}

on_each_server! {
    fn a_cte_hides_no_table_whose_name_is_only_like_its_own(pg) {
        let (database, long) = (pg.database(), "а".repeat(17) + "б");
        let sql = format!("CREATE VIEW \"{long}\" AS SELECT txid_current()");
        run(&mut pg.admin(&database), &sql);
        let gate = Gate::before(pg, &database, &Options::superuser());
        let mut session = gate.session(&gate.read_grant());
        let direct = session.query(&format!("SELECT * FROM \"{long}\""));
        assert!(direct.errors[0].message().contains("txid_current"), "{direct:?}");
        assert!(session.query("SET client_encoding = 'EUC_JP'").errors.is_empty());
        let [a, b, v] = LETTERS;
        let (long, like) = ([a.repeat(17), b.to_vec()].concat(), [a.repeat(17), v.to_vec()].concat());
        let text = [b"WITH \"", &*like, b"\" AS (SELECT 1) SELECT * FROM \"", &*long, b"\""].concat();
        let reply = query(&mut session, &text);
        assert!(reply.rows.is_empty(), "{reply:?}");
        assert_eq!(reply.code(), "0A000", "{reply:?}");
        assert!(reply.errors[0].message().contains("client_encoding"), "{reply:?}");
        // What is short enough is the same name to both.
        let text = [b"SELECT 'x' AS \"", a, b"\", 1 AS ", b].concat();
        assert_eq!(query(&mut session, &text).rows.len(), 1);
    }

    fn names_of_a_database_in_another_encoding_are_ascii(pg) {
        let database = format!("latin1_{}", pg.database());
        let mut admin = pg.admin("postgres");
        run(&mut admin, &format!(
            "CREATE DATABASE {database} TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
        ));
        // 32 letters are 64 bytes of UTF-8, of which the grammar keeps 31; this server keeps all.
        let (long, like) = ("é".repeat(32) + "a", "é".repeat(32) + "b");
        let sql = format!("CREATE VIEW \"{long}\" AS SELECT txid_current(); CREATE TABLE t (n int)");
        run(&mut pg.admin(&database), &sql);
        let gate = Gate::before(pg, &database, &Options::superuser());
        let mut session = gate.session(&gate.read_grant());
        for text in [
            format!("WITH \"{like}\" AS (SELECT 1) SELECT * FROM \"{long}\""),
            "WITH \"É\" AS (SELECT 1) SELECT * FROM É".to_owned(),
            "SELECT n AS \"é\" FROM t".to_owned(),
            "SELECT U&\"\\00e9\" FROM t".to_owned(),
        ] {
            let reply = session.query(&text);
            assert_eq!(reply.code(), "0A000", "{text}: {reply:?}");
            assert!(reply.errors[0].message().contains("not UTF8"), "{text}: {reply:?}");
        }
        for text in ["SELECT 'é' AS e", "SELECT count(*) FROM public.t WHERE n = 1", "SELECT 1 /* é */"] {
            let reply = session.query(text);
            assert!(reply.errors.is_empty(), "{text}: {reply:?}");
        }
    }

    fn nobody_begins_in_an_encoding_that_hides_ascii(pg) {
        let gate = Gate::with(pg, &Options::superuser());
        let sql = format!("ALTER DATABASE {} SET client_encoding = 'SJIS'", gate.database);
        run(&mut pg.admin("postgres"), &sql);
        let grant = gate.read_grant();
        let error = gate.login_error(&grant.user, &gate.database, &grant.token);
        assert_eq!(error.code(), "08001", "{error:?}");
        assert!(error.message().contains("client_encoding = SJIS"), "{error:?}");
        let mut session = Wire::open(gate.port);
        let parameters = [
            ("user", &*grant.user), ("database", &*gate.database), ("client_encoding", "UTF8"),
        ];
        session.login(crate::support::wire::PROTOCOL_3_0, &parameters, &grant.token).unwrap();
        assert_eq!(session.query("SELECT 'é'").value(), "é");
    }
}
