//! What runs with a write that a scope permits: triggers, foreign keys, checks, defaults, indexes,
//! policies, partitions. Judged by what remains in the server; the upstream roles are superusers.

use crate::support::gate::{Gate, Options};
use crate::support::on_each_server;
use crate::support::pg::{Pg, run};

const OBJECTS: &str = r#"
CREATE TABLE log (what text, at timestamptz DEFAULT now());
CREATE TABLE hit (a int);
CREATE FUNCTION hit() RETURNS int LANGUAGE plpgsql
    AS 'BEGIN INSERT INTO public.hit VALUES (1); RETURN 1; END';
CREATE FUNCTION hit(a int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM public.hit(); RETURN a; END';
-- Harmless: a stamp, an own id, a check of rows, a comparison of transition tables.
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.note IS DISTINCT FROM OLD.note THEN NEW.at := now(); END IF;
    NEW.at = coalesce(NEW.at, clock_timestamp());
    RETURN NEW;
END $$;
CREATE FUNCTION number() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id IS NULL THEN NEW.id := nextval('public.tickets'); END IF;
    PERFORM txid_current();
    IF EXISTS (SELECT 1 FROM public.accounts a WHERE a.id = NEW.id AND a.balance < 0) THEN
        RAISE EXCEPTION 'no %', NEW.id USING ERRCODE = 'P0001';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION compare() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE changed bigint;
BEGIN
    SELECT count(*) INTO changed FROM news n JOIN olds o USING (id) WHERE n.note <> o.note;
    RAISE DEBUG '% changed', changed;
    RETURN NULL;
END $$;
CREATE TABLE fine (id int PRIMARY KEY, note text CHECK (length(note) < 1000), at timestamptz DEFAULT now(),
    up text GENERATED ALWAYS AS (upper(note)) STORED, n serial, i int GENERATED ALWAYS AS IDENTITY,
    s order_status DEFAULT 'new', p positive DEFAULT 1);
CREATE INDEX ON fine (lower(note)) WHERE note IS NOT NULL;
CREATE TRIGGER a BEFORE INSERT OR UPDATE ON fine FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE TRIGGER b BEFORE INSERT ON fine FOR EACH ROW WHEN (NEW.note IS DISTINCT FROM 'x') EXECUTE FUNCTION number();
CREATE TRIGGER c AFTER UPDATE ON fine REFERENCING OLD TABLE AS olds NEW TABLE AS news
    FOR EACH STATEMENT EXECUTE FUNCTION compare();
ALTER TABLE fine ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON fine USING (note IS NOT NULL) WITH CHECK (length(note) < 500);
-- An audit trail: it passes with a scope for the log, or for the function.
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO public.log (what) VALUES (TG_OP || coalesce(NEW.id, OLD.id)); RETURN NULL; END $$;
CREATE TABLE audited (id int PRIMARY KEY, note text);
INSERT INTO audited VALUES (1, 'a'), (2, 'b');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON audited FOR EACH ROW EXECUTE FUNCTION audit();
CREATE FUNCTION audit_owner() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN EXECUTE 'INSERT INTO public.log (what) VALUES (1)'; RETURN NULL; END $$;
CREATE TABLE owned (id int PRIMARY KEY, note text);
INSERT INTO owned VALUES (1, 'a');
CREATE TRIGGER audit AFTER UPDATE ON owned FOR EACH STATEMENT EXECUTE FUNCTION audit_owner();
-- Each way to somewhere else.
CREATE FUNCTION hitting() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM public.hit(); RETURN NULL; END';
CREATE TABLE t_trigger (id int PRIMARY KEY, note text); INSERT INTO t_trigger VALUES (1, 'a');
CREATE TRIGGER t AFTER INSERT OR UPDATE OR DELETE ON t_trigger FOR EACH STATEMENT EXECUTE FUNCTION hitting();
CREATE TRIGGER u AFTER TRUNCATE ON t_trigger FOR EACH STATEMENT EXECUTE FUNCTION hitting();
CREATE TABLE t_when (id int PRIMARY KEY, note text); INSERT INTO t_when VALUES (1, 'a');
CREATE TRIGGER t BEFORE INSERT OR UPDATE ON t_when FOR EACH ROW WHEN (public.hit(NEW.id) > 0) EXECUTE FUNCTION suppress_redundant_updates_trigger();
ALTER TABLE t_when DISABLE TRIGGER t;
CREATE TABLE t_when2 (id int PRIMARY KEY, note text); INSERT INTO t_when2 VALUES (1, 'a');
CREATE TRIGGER t BEFORE UPDATE ON t_when2 FOR EACH ROW WHEN (public.hit(NEW.id) > 0) EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE TABLE t_check (id int PRIMARY KEY, note text, CHECK (public.hit(id) > 0) NOT VALID); 
CREATE TABLE t_default (id int PRIMARY KEY, note text, h int DEFAULT public.hit());
CREATE TABLE t_generated (id int PRIMARY KEY, note text, h int GENERATED ALWAYS AS (public.hit(id)) STORED);
CREATE TABLE t_index (id int PRIMARY KEY, note text); CREATE INDEX ti ON t_index (public.hit(id));
CREATE TABLE t_partial (id int PRIMARY KEY, note text); CREATE INDEX tp ON t_partial (id) WHERE public.hit(id) > 0;
CREATE TABLE t_policy (id int PRIMARY KEY, note text); ALTER TABLE t_policy ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY w ON t_policy FOR INSERT WITH CHECK (public.hit(id) > 0);
CREATE POLICY x ON t_policy FOR UPDATE USING (true) WITH CHECK (public.hit(id) > 0);
CREATE DOMAIN hitting AS int CHECK (public.hit(VALUE) >= 0);
CREATE TABLE t_domain (id int PRIMARY KEY, note text, h hitting);
CREATE TABLE parent (id int PRIMARY KEY, note text); INSERT INTO parent VALUES (1, 'a'), (2, 'b');
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE);
INSERT INTO child VALUES (1, 1);
CREATE TABLE grandchild (id int PRIMARY KEY, child int REFERENCES child ON DELETE SET NULL); INSERT INTO grandchild VALUES (1, 1);
CREATE TABLE parted (id int, note text) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10); CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (10) TO (20);
INSERT INTO parted VALUES (1, 'a'), (11, 'b');
CREATE TRIGGER t AFTER UPDATE ON parted_2 FOR EACH ROW EXECUTE FUNCTION hitting();
CREATE TABLE keyed (id int, note text) PARTITION BY RANGE (public.hit(id)); CREATE TABLE keyed_1 PARTITION OF keyed DEFAULT;
CREATE VIEW updatable AS SELECT * FROM t_trigger;
CREATE VIEW instead AS SELECT 1 AS id; CREATE TRIGGER i INSTEAD OF INSERT ON instead FOR EACH ROW EXECUTE FUNCTION hitting();
CREATE TABLE ruled (id int); CREATE RULE r AS ON INSERT TO ruled DO ALSO INSERT INTO hit VALUES (1);
CREATE MATERIALIZED VIEW stored AS SELECT public.hit(id) FROM parent WITH NO DATA;
CREATE STATISTICS st ON (public.hit(id)), note FROM t_partial;
TRUNCATE hit;
"#;

/// What is sent with a scope for exactly what it names.
const HARMLESS: &[(&str, &str)] = &[
    ("insert:public.fine", "INSERT INTO public.fine (id, note) VALUES (1, 'a'), (2, 'b')"),
    (
        "insert,update:public.fine",
        "INSERT INTO public.fine (id, note) VALUES (1, 'c') ON CONFLICT (id) DO UPDATE SET note = excluded.note",
    ),
    ("update:public.fine", "UPDATE public.fine SET note = 'd' WHERE id = 1"),
    ("delete:public.fine", "DELETE FROM public.fine WHERE id = 2"),
    ("update:public.parent", "UPDATE public.parent SET note = 'x' WHERE id = 1"),
    ("insert:public.parent", "INSERT INTO public.parent VALUES (7, 'x')"),
    ("insert:public.child", "INSERT INTO public.child VALUES (7, 2)"),
    ("insert:public.parted", "INSERT INTO public.parted VALUES (2, 'x'), (12, 'y')"),
    ("update:public.parted_1", "UPDATE public.parted_1 SET note = 'x' WHERE id = 1"),
    ("delete:public.parted", "DELETE FROM public.parted WHERE id = 2"),
    ("update:public.orders", "UPDATE public.orders SET note = 'x' WHERE id = 1"),
    ("maintain:public.fine", "REINDEX TABLE public.fine"),
    ("maintain:public.parent", "VACUUM ANALYZE public.parent"),
    ("update:public.t_when", "UPDATE public.t_when SET note = 'x' WHERE id = 1"),
];

/// With the words of the refusal, and what the HINT gives it.
const HARMFUL: &[(&str, &str, &str, &str)] = &[
    (
        "update:public.audited",
        "UPDATE public.audited SET note = 'x' WHERE id = 1",
        "trigger audit of public.audited calls public.audit, which writes public.log",
        "execute:public.audit",
    ),
    (
        "update:public.owned",
        "UPDATE public.owned SET note = 'x' WHERE id = 1",
        "public.audit_owner, which is SECURITY DEFINER",
        "execute:public.audit_owner",
    ),
    (
        "insert:public.t_trigger",
        "INSERT INTO public.t_trigger VALUES (9, 'x')",
        "trigger t of public.t_trigger calls public.hitting, which calls public.hit, which writes public.hit",
        "execute:public.hitting",
    ),
    (
        "truncate:public.t_trigger",
        "TRUNCATE public.t_trigger",
        "trigger u of public.t_trigger",
        "execute:public.hitting",
    ),
    (
        "update:public.t_when2",
        "UPDATE public.t_when2 SET note = 'x' WHERE id = 1",
        "the WHEN of trigger t|trigger t of public.t_when2",
        "execute:public.hit",
    ),
    (
        "insert:public.t_check",
        "INSERT INTO public.t_check VALUES (9, 'x')",
        "the CHECK t_check_id_check",
        "execute:public.hit",
    ),
    (
        "insert:public.t_default",
        "INSERT INTO public.t_default VALUES (9, 'x')",
        "the default of h",
        "execute:public.hit",
    ),
    (
        "insert:public.t_generated",
        "INSERT INTO public.t_generated VALUES (9, 'x')",
        "the generated column h",
        "execute:public.hit",
    ),
    (
        "insert:public.t_index",
        "INSERT INTO public.t_index VALUES (9, 'x')",
        "index ti",
        "execute:public.hit",
    ),
    (
        "insert:public.t_partial",
        "COPY public.t_partial FROM STDIN",
        "index tp",
        "execute:public.hit",
    ),
    (
        "insert:public.t_policy",
        "INSERT INTO public.t_policy VALUES (9, 'x')",
        "policy w",
        "execute:public.hit",
    ),
    (
        "insert:public.t_domain",
        "INSERT INTO public.t_domain VALUES (9, 'x', 1)",
        "public.hitting",
        "execute:public.hit",
    ),
    (
        "delete:public.parent",
        "DELETE FROM public.parent WHERE id = 1",
        "foreign key child_parent_fkey of public.parent deletes from public.child",
        "delete:public.child",
    ),
    (
        "delete:public.parent,delete:public.child",
        "DELETE FROM public.parent WHERE id = 1",
        "where foreign key grandchild_child_fkey of public.child updates public.grandchild",
        "update:public.grandchild",
    ),
    (
        "update:public.parent",
        "UPDATE public.parent SET id = 5 WHERE id = 2",
        "foreign key child_parent_fkey of public.parent updates public.child",
        "update:public.child",
    ),
    (
        "insert,update:public.parent",
        "INSERT INTO public.parent VALUES (1) ON CONFLICT (id) DO UPDATE SET (note, id) = ('x', 6)",
        "updates public.child",
        "update:public.child",
    ),
    (
        "update:public.parted",
        "UPDATE public.parted SET note = 'x' WHERE id = 11",
        "trigger t of public.parted_2",
        "execute:public.hitting",
    ),
    (
        "update:public.parted",
        "MERGE INTO public.parted p USING public.parent q ON p.id = q.id WHEN MATCHED THEN UPDATE SET note = 'x'",
        "trigger t of public.parted_2",
        "execute:public.hitting",
    ),
    (
        "insert:public.keyed",
        "INSERT INTO public.keyed VALUES (9, 'x')",
        "the partition key",
        "execute:public.hit",
    ),
    ("maintain:public.t_index", "REINDEX TABLE public.t_index", "index ti", "execute:public.hit"),
    ("maintain:public.t_partial", "ANALYZE public.t_partial", "", "execute:public.hit"),
    (
        "maintain:public.stored",
        "REFRESH MATERIALIZED VIEW public.stored",
        "its query",
        "execute:public.hit",
    ),
];

/// Attached in odd ways; nothing of it may be reached by a write to the table alone.
const ODD: &str = r#"
CREATE TABLE moved (id int, note text) PARTITION BY RANGE (id);
CREATE TABLE moved_1 PARTITION OF moved FOR VALUES FROM (0) TO (10);
CREATE TABLE moved_2 PARTITION OF moved FOR VALUES FROM (10) TO (20);
CREATE TABLE moved_3 PARTITION OF moved FOR VALUES FROM (20) TO (30) PARTITION BY LIST (id);
CREATE TABLE moved_31 (LIKE moved); ALTER TABLE moved_3 ATTACH PARTITION moved_31 FOR VALUES IN (21);
INSERT INTO moved VALUES (1, 'a'), (2, 'b'), (11, 'c');
CREATE TRIGGER d AFTER DELETE ON moved_1 FOR EACH ROW EXECUTE FUNCTION hitting();
CREATE TABLE moved_in (LIKE moved) PARTITION BY RANGE (id);
CREATE TABLE moved_in_1 PARTITION OF moved_in FOR VALUES FROM (0) TO (10);
CREATE TABLE moved_in_2 PARTITION OF moved_in FOR VALUES FROM (10) TO (20);
INSERT INTO moved_in VALUES (1, 'a'), (2, 'b');
CREATE CONSTRAINT TRIGGER i AFTER INSERT ON moved_in_2 DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hitting();
CREATE FUNCTION hit_hash(a int, b bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM public.hit(); RETURN a; END';
CREATE OPERATOR CLASS hit_ops FOR TYPE int4 USING hash AS OPERATOR 1 =, FUNCTION 1 hashint4(int4), FUNCTION 2 hit_hash(int4, bigint);
CREATE TABLE hashed (id int, note text) PARTITION BY HASH (id hit_ops);
CREATE TABLE hashed_1 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE hashed_2 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE FUNCTION hit_two(a int, b int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM public.hit(); RETURN true; END';
CREATE OPERATOR ### (LEFTARG = int, RIGHTARG = int, FUNCTION = hit_two);
CREATE TABLE o_check (id int, note text, CHECK (id ### 1));
CREATE TABLE o_default (id int, note text, b boolean DEFAULT 1 ### 2);
CREATE TABLE o_cast (id int, note text, h int DEFAULT (5::hitting)::int);
CREATE DOMAIN over AS hitting CHECK (VALUE < 1000);
CREATE TYPE pair AS (a over, b text);
CREATE TABLE o_over (id int, note text, h over DEFAULT 1, p pair, r over[]);
CREATE TABLE o_pair (id int, note text, p pair);
CREATE TABLE o_list (id int, note text, r over[]);
CREATE TABLE heir_of (id int, note text);
CREATE TABLE heir () INHERITS (heir_of); INSERT INTO heir VALUES (1, 'a');
CREATE TRIGGER a BEFORE UPDATE ON heir FOR EACH ROW EXECUTE FUNCTION hitting();
ALTER TABLE heir ENABLE ALWAYS TRIGGER a;
CREATE TABLE o_index (id int, note text) PARTITION BY RANGE (id);
CREATE TABLE o_index_1 PARTITION OF o_index FOR VALUES FROM (0) TO (10);
CREATE INDEX ON o_index_1 (public.hit(id));
CREATE TABLE keyed_by (id int PRIMARY KEY, note text) PARTITION BY RANGE (id);
CREATE TABLE keyed_by_1 PARTITION OF keyed_by FOR VALUES FROM (0) TO (10);
CREATE TABLE keyed_by_2 PARTITION OF keyed_by FOR VALUES FROM (10) TO (20);
INSERT INTO keyed_by VALUES (1, 'a');
CREATE TABLE refers (id int, to_id int REFERENCES keyed_by ON DELETE CASCADE); INSERT INTO refers VALUES (1, 1);
CREATE TABLE refers_1 (id int, to_id int REFERENCES keyed_by_1 ON DELETE CASCADE); INSERT INTO refers_1 VALUES (1, 1);
TRUNCATE hit;
"#;

const ODD_WRITES: &[(&str, &str)] = &[
    ("update:public.moved", "UPDATE public.moved SET id = 12 WHERE id = 1"),
    ("update:public.moved_in", "UPDATE public.moved_in SET id = 12 WHERE id = 1"),
    ("insert:public.hashed", "INSERT INTO public.hashed VALUES (1, 'x')"),
    ("insert:public.o_check", "INSERT INTO public.o_check VALUES (1, 'x')"),
    ("insert:public.o_default", "INSERT INTO public.o_default VALUES (1, 'x')"),
    ("insert:public.o_cast", "INSERT INTO public.o_cast VALUES (1, 'x')"),
    ("insert:public.o_over", "INSERT INTO public.o_over VALUES (1, 'x')"),
    ("insert:public.o_pair", "INSERT INTO public.o_pair VALUES (1, 'x', ROW(1, 'x'))"),
    ("insert:public.o_list", "INSERT INTO public.o_list VALUES (1, 'x', '{1,2}')"),
    ("insert:public.o_list", "INSERT INTO public.o_list VALUES (1, 'x', ARRAY[1, 2])"),
    ("update:public.heir_of", "UPDATE public.heir_of SET note = 'x' WHERE id = 1"),
    ("insert:public.o_index", "INSERT INTO public.o_index VALUES (1, 'x')"),
    ("update:public.keyed_by", "UPDATE public.keyed_by SET id = 12 WHERE id = 1"),
];

fn refused_by_kind(session: &mut crate::support::wire::Wire) {
    for sql in [
        "INSERT INTO public.updatable VALUES (9, 'x')",
        "INSERT INTO public.instead VALUES (9)",
        "INSERT INTO public.ruled VALUES (9)",
    ] {
        assert_eq!(session.query(sql).code(), "42501", "{sql}");
    }
}

fn gate(pg: &Pg) -> Gate {
    let database = pg.database();
    run(&mut pg.admin(&database), OBJECTS);
    let options = Options { policy: "require_where = true".into(), ..Options::superuser() };
    Gate::before(pg, &database, &options)
}

on_each_server! {
    fn what_runs_with_a_write_is_judged(pg) {
        let gate = gate(pg);
        let mut admin = pg.admin(&gate.database);
        for (scopes, sql) in HARMLESS {
            let scopes: Vec<&str> = vec![scopes];
            let mut session = gate.session(&gate.write_grant(&scopes));
            for reply in [session.query(sql), session.extended(&sql.replace("(7", "(8").replace("(1, 'a'), (2", "(3, 'a'), (4"), &[])] {
                assert!(reply.errors.is_empty(), "{sql}: {:?}", reply.errors);
            }
        }
        assert_eq!(admin.query("SELECT count(*) FROM hit").value(), "0");
        for (scopes, sql, words, _) in HARMFUL {
            let scopes: Vec<&str> = scopes.split(",delete").enumerate().map(|(n, s)| if n == 0 { s } else { "delete:public.child" }).collect();
            let mut session = gate.session(&gate.write_grant(&scopes));
            for reply in [session.query(sql), session.extended(sql, &[])] {
                assert_eq!(reply.code(), "42501", "{sql}: {reply:?}");
                let detail = reply.errors[0].detail();
                assert!(detail.contains("rule write_reach"), "{sql}: {detail}");
                assert!(words.split('|').any(|words| detail.contains(words)), "{sql}: {detail}");
            }
        }
        let all = ["insert:public.t_trigger", "execute:public.hitting"];
        refused_by_kind(&mut gate.session(&gate.write_grant(&all)));
        for (table, rows) in [("hit", "0"), ("log", "0"), ("child", "3"), ("grandchild WHERE child = 1", "1")] {
            assert_eq!(admin.query(&format!("SELECT count(*) FROM {table}")).value(), rows, "{table}");
        }
    }

    fn nothing_attached_in_odd_ways_is_reached(pg) {
        let database = pg.database();
        let mut admin = pg.admin(&database);
        run(&mut admin, &format!("{OBJECTS}{ODD}"));
        let gate = Gate::before(pg, &database, &Options::superuser());
        let mut reached = Vec::new();
        for (scope, sql) in ODD_WRITES {
            let mut session = gate.session(&gate.write_grant(&[scope]));
            let reply = session.query(sql);
            for effect in ["FROM hit", "WHERE (SELECT count(*) FROM refers) + (SELECT count(*) FROM refers_1) <> 2"] {
                if admin.query(&format!("SELECT count(*) {effect}")).value() != "0" {
                    let error = reply.errors.first().map(|e| e.message().to_owned());
                    reached.push(format!("{sql} {effect}: {error:?}"));
                }
            }
            run(&mut admin, "TRUNCATE hit");
        }
        assert!(reached.is_empty(), "{}", reached.join("\n"));
        // No row moves: what runs where one is deleted is in nobody's way.
        let mut session = gate.session(&gate.write_grant(&["update:public.moved"]));
        let reply = session.query("UPDATE public.moved SET note = 'x' WHERE id = 2");
        assert!(reply.errors.is_empty(), "{reply:?}");
    }

    fn the_scope_of_the_hint_makes_the_write_pass(pg) {
        let gate = gate(pg);
        for (scopes, sql, _, needed) in HARMFUL {
            if sql.starts_with("COPY") {
                continue;
            }
            let scopes: Vec<String> = scopes.split(",delete").enumerate().map(|(n, s)| if n == 0 { s.to_owned() } else { "delete:public.child".to_owned() }).collect();
            let mut told = Vec::new();
            let names: Vec<&str> = scopes.iter().map(String::as_str).collect();
            let grant = gate.write_grant(&names);
            loop {
                let reply = gate.session(&grant).query(sql);
                if reply.errors.is_empty() {
                    break;
                }
                let hint = reply.errors[0].hint().to_owned();
                assert!(hint.starts_with("pgward grant extend "), "{sql}: {:?}", reply.errors);
                let command = hint.split("; or,").next().unwrap();
                let words: Vec<&str> = command.split(' ').skip(1).collect();
                gate.cli(&words).expect(command);
                told.push(hint);
                assert!(told.len() < 4, "{sql}: {told:#?}");
            }
            assert!(told.iter().any(|hint| hint.contains(needed)), "{sql}: {told:#?}");
        }
        let mut admin = pg.admin(&gate.database);
        assert_ne!(admin.query("SELECT count(*) FROM hit").value(), "0");
        // The log's own scope does as well as the function's.
        let scopes = ["update:public.audited", "insert:public.log"];
        let reply = gate.session(&gate.write_grant(&scopes)).query("UPDATE public.audited SET note = 'x' WHERE id = 2");
        assert!(reply.errors.is_empty(), "{reply:?}");
    }
}
