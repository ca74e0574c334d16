//! Attacks written by hand, one after another in one session: what a family can't be made of.
//! Judged by what remains, and by the locks held meanwhile; the upstream roles are superusers.

use std::fmt::Write as _;

use crate::support::gate::{Gate, Grant, Options};
use crate::support::message as m;
use crate::support::on_each_server;
use crate::support::pg::{Pg, run};
use crate::support::wire::Wire;

const OBJECTS: &str = include_str!("sequences.sql");

/// Operators that many statements use without naming them, and that are refused wherever they do:
/// in a database of their own, since they would hide what else is there.
const OPERATORS: &str = include_str!("sequences_operators.sql");

/// Messages of one session, with `||` between; `%` before one sends it by the extended protocol.
const READS: &str = include_str!("sequences_reads.txt");
const SCOPED: &str = include_str!("sequences_scoped.txt");

/// Everything that may not change; the tables that the scopes name are left out.
fn state(admin: &mut Wire) -> String {
    let tables = admin.query(
        "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'm') AND relnamespace IN \
         ('public'::regnamespace, 'sales'::regnamespace) AND relname NOT IN ('mine', 'constant', 'predicate', 'folded') ORDER BY 1",
    );
    let mut sql = String::from("SELECT md5(concat_ws('|'");
    for row in tables.rows {
        let table = row[0].clone().unwrap();
        write!(sql, ", (SELECT string_agg(q::text, ',' ORDER BY q::text) FROM {table} q)").unwrap();
    }
    for part in [
        "SELECT string_agg(concat(relname, relkind, relfilenode, relacl, relowner, relnamespace, reloptions), ',' ORDER BY oid) FROM pg_class WHERE relname !~ '^mine'",
        "SELECT string_agg(concat(proname, prosrc, proacl, proconfig), ',' ORDER BY oid) FROM pg_proc WHERE oid >= 16384 AND pronamespace <> 'staging'::regnamespace",
        "SELECT string_agg(concat(schemaname, sequencename, last_value), ',' ORDER BY 1) FROM pg_sequences WHERE sequencename !~ '^mine'",
        "SELECT count(*)::text FROM pg_largeobject_metadata",
        "SELECT string_agg(setconfig::text, ',') FROM pg_db_role_setting",
        "SELECT string_agg(slot_name, ',') FROM pg_replication_slots",
        "SELECT count(*)::text FROM pg_replication_origin",
        "SELECT string_agg(concat(nspname, nspacl), ',' ORDER BY oid) FROM pg_namespace WHERE nspname !~ '^pg_t'",
        "SELECT string_agg(concat(rolname, rolsuper, rolvaliduntil), ',' ORDER BY oid) FROM pg_roles",
        "SELECT string_agg(tgname || tgenabled::text, ',' ORDER BY oid) FROM pg_trigger",
        "SELECT string_agg(extname, ',') FROM pg_extension",
        "SELECT count(*)::text FROM pg_prepared_xacts",
        "SELECT count(*)::text FROM pg_description WHERE objoid >= 16384",
        "SELECT count(*)::text FROM pg_seclabels",
        "SELECT count(*)::text FROM pg_publication",
        "SELECT count(*)::text FROM pg_file_settings WHERE sourcefile LIKE '%auto.conf'",
    ] {
        write!(sql, ", ({part})").unwrap();
    }
    admin.query(&format!("{sql}))")).value()
}

/// Locks that keep others waiting, and channels listened on, by whoever came through pgward.
const HELD: &str = "SELECT string_agg(concat(l.locktype, ' ', l.mode, ' ', c.relname), ', ') FROM pg_locks l \
    JOIN pg_stat_activity a USING (pid) LEFT JOIN pg_class c ON c.oid = l.relation \
    WHERE a.application_name LIKE 'pgward:%' AND a.datname = current_database() AND (l.locktype = 'advisory' OR \
    (l.locktype = 'relation' AND l.mode NOT IN ('AccessShareLock') AND coalesce(c.relname, '') !~ '^(mine|pg_|parent)'))";

/// Sends one attack; the locks that it holds at its end. What can be undone is undone.
fn attack(
    gate: &Gate,
    grant: &Grant,
    session: &mut Wire,
    admin: &mut Wire,
    line: &str,
    extended: bool,
) -> Option<String> {
    let mut alive = true;
    for message in line.split("||").map(str::trim) {
        let (by, text) = match message.strip_prefix('%') {
            Some(text) => (true, text),
            None => (extended, message),
        };
        let bytes = if by {
            let bound = [m::bind("", "", &[]), m::execute("", 0), m::sync()].concat();
            [m::parse("", text, &[]), m::describe(b'S', ""), bound].concat()
        } else {
            m::query(text)
        };
        alive = session.try_send(&[bytes, m::copy_fail("no")].concat()).is_ok()
            && session.reply().status != 0;
        if !alive {
            break;
        }
    }
    let locks = ["begin", "lock", "declare", "advisory"].iter();
    let mut locks = locks.filter(|word| line.to_ascii_lowercase().contains(**word));
    let held = locks.next().and_then(|_| admin.query(HELD).rows[0][0].clone());
    let undo = ["ROLLBACK", "DEALLOCATE ALL", "RESET ALL"];
    if !alive || undo.iter().any(|sql| session.query(sql).status == 0) {
        *session = gate.session(grant);
    }
    held.map(|held| format!("{line} (extended: {extended}) holds {held}"))
}

fn lines(list: &str) -> impl Iterator<Item = &str> {
    list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("--"))
}

fn try_all(gate: &Gate, grant: &Grant, admin: &mut Wire, list: &str) {
    let mut found = Vec::new();
    let mut before = state(admin);
    let mut session = gate.session(grant);
    let all: Vec<(&str, bool)> = lines(list).flat_map(|l| [(l, false), (l, true)]).collect();
    for some in all.chunks(60) {
        for (line, extended) in some {
            found.extend(attack(gate, grant, &mut session, admin, line, *extended));
        }
        if state(admin) == before {
            continue;
        }
        for (line, extended) in some {
            before = state(admin);
            attack(gate, grant, &mut session, admin, line, *extended);
            if state(admin) != before {
                found.push(format!("{line} (extended: {extended}) left something behind"));
            }
        }
        assert!(!found.is_empty(), "one of {some:?} left something behind");
        before = state(admin);
    }
    assert!(found.is_empty(), "on {}:\n{}", grant.json["scopes"], found.join("\n"));
}

fn gate(pg: &Pg, more: &str) -> Gate {
    let database = pg.database();
    run(&mut pg.admin(&database), OBJECTS);
    run(&mut pg.admin(&database), more);
    let policy = "require_where = false".to_owned();
    Gate::before(pg, &database, &Options { policy, ..Options::superuser() })
}

on_each_server! {
    fn no_sequence_changes_anything_on_a_read_grant(pg) {
        let gate = gate(pg, "SELECT 1");
        let mut admin = pg.admin(&gate.database);
        let grants = [gate.read_grant(), gate.write_grant(&["select:public.*"])];
        for grant in grants {
            try_all(&gate, &grant, &mut admin, READS);
        }
    }

    fn no_operator_is_used_unnamed(pg) {
        let gate = gate(pg, OPERATORS);
        let mut admin = pg.admin(&gate.database);
        let grant = gate.write_grant(&["insert:public.mine"]);
        try_all(&gate, &grant, &mut admin, READS);
    }

    fn no_sequence_leaves_its_scopes(pg) {
        let gate = gate(pg, "SELECT 1");
        let mut admin = pg.admin(&gate.database);
        for scopes in [
            &["insert:public.mine"][..],
            &["update:public.mine", "delete:public.mine"],
            &["insert,update,delete,truncate:public.mine", "maintain:public.mine", "execute:public.over", "ddl:staging"],
        ] {
            let grant = gate.write_grant(scopes);
            try_all(&gate, &grant, &mut admin, SCOPED);
            try_all(&gate, &grant, &mut admin, READS);
        }
    }
}
