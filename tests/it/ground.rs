//! What the other tests stand on stands: servers, sample data, the tests' own client.

use crate::support::message as m;
use crate::support::{on_each_server, pg, pg::Pg};

on_each_server! {
    fn the_tests_own_client_speaks_the_protocol(pg) {
        let database = pg.database();
        let mut direct = pg.direct(&database);
        assert_eq!(direct.query("SELECT count(*) FROM public.orders").value(), "500");
        assert_eq!(direct.extended("SELECT $1::int + 1", &[Some("41")]).value(), "42");
        assert_eq!(direct.query("SELEC").code(), "42601");
        let reply = direct.round(&[m::parse("", "SELECT 1", &[]), m::sync()]);
        assert_eq!(reply.sequence, "1Z");
        assert_eq!(pg.victims(&database), "0");
    }

    fn the_server_is_the_one_asked_for(pg) {
        let reported = pg.admin("postgres").query("SHOW server_version").value();
        assert!(reported.starts_with(&pg.major.to_string()), "{reported}");
        assert!(pg.log().contains("database system is ready"));
    }
}

#[test]
fn the_majors_differ() {
    if let Some(newest) = pg::eighteen() {
        let installed: &Pg = pg::distribution();
        assert!(newest.major == 18 && installed.major >= 14);
    }
}
