//! Promise 2: what a reader reads directly, it reads through pgward, and gets the same. Every
//! text is sent both ways, as a simple Query and by the extended protocol, to a database that has
//! one of everything (`tests/corpus/honest/features/schema.sql`).

use pgward::policy::functions::{Class, Functions};

use crate::support::gate::{Gate, Options};
use crate::support::on_each_server;
use crate::support::pg::{Pg, run};
use crate::support::wire::{Reply, Wire};

const SCHEMA: &str = include_str!("../corpus/honest/features/schema.sql");
const CATALOGUE: &str = include_str!("../corpus/honest/features/catalogue.sql");
const FUNCTIONS: &str = include_str!("../corpus/honest/features/functions.sql");
const QUERIES: &str = include_str!("../corpus/honest/features/queries.sql");
const SESSIONS: &str = include_str!("../corpus/honest/features/sessions.sql");
const MONITORING: &str = include_str!("../corpus/honest/features/monitoring.sql");

/// What says something else each time that it is asked, or of whom it is asked by.
const UNSTEADY: &[&str] = &[
    "now(",
    "_timestamp(",
    "timeofday",
    "random",
    "shuffle",
    "sample",
    "uuid",
    "pg_backend_pid",
    "inet_client_port",
    "memory_contexts",
    "pg_locks",
    "pg_lock_status",
    "settings",
    "activity",
    "pg_stat_",
    "pg_statio_",
    "loaded_modules",
    "_lsn(",
    "snapshot",
    "pg_control_",
    "wal",
    "shmem",
    "volatile",
    "pg_database_size",
    "pg_get_aios",
    "pg_aios",
    "pg_replication_slots",
    "age(",
    "pg_class",
    "pg_database",
    "datname",
    "pg_tablespace_size",
    "pg_cursor",
    "pg_prepared_statement",
];

/// The two ways, side by side.
struct Ways {
    direct: Wire,
    through: Wire,
    wrong: Vec<String>,
    sent: usize,
}

impl Ways {
    fn new(pg: &Pg, gate: &Gate) -> Self {
        let mut direct = pg.direct(&gate.database);
        run(&mut direct, "SET default_transaction_read_only = on");
        let through = gate.session(&gate.read_grant());
        Self { direct, through, wrong: Vec::new(), sent: 0 }
    }

    /// Sends one text both ways and notes what is not the same.
    fn send(&mut self, text: &str) {
        self.send_as(text, &[false, true]);
    }

    fn send_as(&mut self, text: &str, ways: &[bool]) {
        for &extended in ways {
            let ask = |wire: &mut Wire| {
                if extended { wire.extended(text, &[]) } else { wire.query(text) }
            };
            let (theirs, ours) = (ask(&mut self.direct), ask(&mut self.through));
            self.sent += 1;
            if let Some(why) = difference(text, &theirs, &ours) {
                self.wrong.push(format!("{}\n    {why}", text.replace('\n', "\n    ")));
            }
        }
    }

    fn over(&mut self) {
        for wire in [&mut self.direct, &mut self.through] {
            if wire.query("SELECT 1").status != b'I' {
                wire.query("ROLLBACK");
            }
        }
    }

    fn corpus(&mut self, corpus: &str) {
        for texts in corpus.split("\n;;\n").filter(|texts| !texts.trim().is_empty()) {
            for text in texts.split("\n;\n") {
                self.send(text);
            }
            self.over();
        }
    }

    fn finish(self, at_least: usize) {
        let (wrong, sent) = (&self.wrong, self.sent);
        assert!(sent >= at_least, "only {sent}");
        assert!(wrong.is_empty(), "{} of {sent} differ:\n{}", wrong.len(), wrong.join("\n"));
    }
}

fn difference(text: &str, theirs: &Reply, ours: &Reply) -> Option<String> {
    let errors = |reply: &Reply| -> Vec<(String, String)> {
        let errors = reply.errors.iter();
        errors.map(|e| (e.code().to_owned(), e.message().to_owned())).collect()
    };
    let words = |reply: &Reply| reply.notices.iter().map(|n| n.message().to_owned()).collect();
    let (told, telling): (Vec<String>, Vec<String>) = (words(theirs), words(ours));
    if errors(theirs) != errors(ours) {
        return Some(format!("{:?} directly, {:?}", errors(theirs), ours.errors));
    }
    if theirs.status != ours.status || told != telling {
        return Some(format!("{told:?} directly, {telling:?}"));
    }
    if UNSTEADY.iter().any(|word| text.contains(word)) {
        return None;
    }
    let same = theirs.rows == ours.rows && theirs.tags == ours.tags;
    // pgward puts settings of its own in place after RESET ALL, and the server reports them.
    let sequence = |reply: &Reply| reply.sequence.replace('S', "");
    (!same || sequence(theirs) != sequence(ours))
        .then(|| format!("{:?} directly, {:?}", theirs.rows, ours.rows))
}

fn database(pg: &'static Pg) -> Gate {
    let database = pg.database();
    let mut admin = pg.admin(&database);
    run(&mut admin, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    run(&mut admin, "GRANT USAGE ON SCHEMA public TO PUBLIC");
    run(&mut admin, SCHEMA);
    Gate::before(pg, &database, &Options::default())
}

on_each_server! {
    fn every_feature_reads_the_same(pg) {
        let gate = database(pg);
        let mut ways = Ways::new(pg, &gate);
        for corpus in [FUNCTIONS, QUERIES, SESSIONS, MONITORING] {
            ways.corpus(corpus);
        }
        ways.finish(1_000);
    }

    fn every_function_operator_cast_and_catalogue_reads_the_same(pg) {
        let gate = database(pg);
        let known = Functions::new(&[], &[]).expect("no lists");
        let rows = pg.admin(&gate.database).query(CATALOGUE).rows;
        let mut ways = Ways::new(pg, &gate);
        let mut refused = 0;
        for row in rows {
            let [Some(name), Some(text)] = row.as_slice() else { panic!("{row:?}") };
            match known.class(name) {
                Some(Class::Refused(_) | Class::Settings) => refused += 1,
                // Each by one of the two protocols: these are many.
                _ => ways.send_as(text, &[ways.sent % 2 == 1]),
            }
        }
        assert!(refused < 250, "{refused}");
        ways.finish(3_500);
    }
}
