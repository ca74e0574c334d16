-- What the attacks of this folder find in the database, beside the sample data: every kind of
-- object that runs code when it is only looked at. All of it ends in writes(), which inserts into
-- public.victim with its owner's rights.
CREATE FUNCTION writes() RETURNS int LANGUAGE sql VOLATILE SECURITY DEFINER
    AS 'INSERT INTO public.victim VALUES (1) RETURNING 1';
-- A promise that nobody checks.
CREATE FUNCTION writes_stable() RETURNS int LANGUAGE sql STABLE AS 'SELECT public.writes()';
CREATE FUNCTION writes_immutable() RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN public.writes(); END';
CREATE FUNCTION writes_one(a int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN public.writes(); END';
CREATE FUNCTION writes_two(a int, b int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN public.writes(); END';
CREATE FUNCTION writes_true(a text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE
    AS 'BEGIN PERFORM public.writes(); RETURN true; END';
CREATE FUNCTION writes_any(anyelement) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN public.writes(); END';
CREATE FUNCTION writes_many(VARIADIC a int[]) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN public.writes(); END';
CREATE FUNCTION writes_row(o public.orders) RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN public.writes(); END';
CREATE FUNCTION writes_rows() RETURNS SETOF int LANGUAGE plpgsql AS 'BEGIN RETURN NEXT public.writes(); END';
CREATE FUNCTION writes_table() RETURNS TABLE (a int) LANGUAGE sql AS 'SELECT public.writes()';
CREATE FUNCTION writes_out(OUT a int) LANGUAGE plpgsql AS 'BEGIN a := public.writes(); END';
CREATE FUNCTION writes_atomic() RETURNS int LANGUAGE sql BEGIN ATOMIC INSERT INTO public.victim VALUES (1); SELECT 1; END;
CREATE FUNCTION writes_return() RETURNS int LANGUAGE sql RETURN public.writes();
CREATE FUNCTION writes_dynamic(a text) RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN EXECUTE a; RETURN 1; END';
CREATE FUNCTION writes_format(a text) RETURNS int LANGUAGE plpgsql
    AS $$ BEGIN EXECUTE format('INSERT INTO public.%I VALUES (1)', a); RETURN 1; END $$;
CREATE FUNCTION writes_query(a text) RETURNS SETOF int LANGUAGE plpgsql AS 'BEGIN RETURN QUERY EXECUTE a; END';
CREATE FUNCTION writes_cursor(a text) RETURNS int LANGUAGE plpgsql
    AS 'DECLARE c refcursor; r int; BEGIN OPEN c FOR EXECUTE a; FETCH c INTO r; RETURN r; END';
CREATE FUNCTION writes_loop(a text) RETURNS int LANGUAGE plpgsql
    AS 'DECLARE r record; BEGIN FOR r IN EXECUTE a LOOP NULL; END LOOP; RETURN 1; END';
CREATE FUNCTION writes_handler() RETURNS int LANGUAGE plpgsql
    AS 'BEGIN PERFORM 1 / 0; RETURN 0; EXCEPTION WHEN division_by_zero THEN RETURN public.writes(); END';
CREATE FUNCTION writes_declared() RETURNS int LANGUAGE plpgsql AS 'DECLARE a int := public.writes(); BEGIN RETURN a; END';
CREATE FUNCTION writes_raise() RETURNS int LANGUAGE plpgsql AS 'BEGIN RAISE NOTICE ''%'', public.writes(); RETURN 1; END';
CREATE FUNCTION writes_assert() RETURNS int LANGUAGE plpgsql AS 'BEGIN ASSERT public.writes() = 1; RETURN 1; END';
CREATE FUNCTION writes_case() RETURNS int LANGUAGE plpgsql
    AS 'BEGIN CASE public.writes() WHEN 1 THEN RETURN 1; ELSE RETURN 2; END CASE; END';
CREATE FUNCTION writes_while() RETURNS int LANGUAGE plpgsql
    AS 'BEGIN WHILE public.writes() > 1 LOOP NULL; END LOOP; RETURN 1; END';
CREATE FUNCTION writes_slice() RETURNS int LANGUAGE plpgsql
    AS 'DECLARE a int; BEGIN FOREACH a IN ARRAY ARRAY[public.writes()] LOOP NULL; END LOOP; RETURN 1; END';
CREATE FUNCTION writes_default(a int DEFAULT public.writes()) RETURNS int LANGUAGE sql AS 'SELECT a';
CREATE FUNCTION writes_sequence() RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT nextval('public.tickets') $$;
CREATE FUNCTION turns_it_off() RETURNS text LANGUAGE sql
    AS $$ SELECT set_config('default_transaction_read_only', 'off', false) $$;
CREATE FUNCTION turns_off_by_clause() RETURNS int LANGUAGE sql SET default_transaction_read_only = off AS 'SELECT 1';
CREATE FUNCTION turns_it_around() RETURNS int LANGUAGE plpgsql
    AS 'BEGIN SET LOCAL transaction_read_only = off; RETURN 1; END';
CREATE FUNCTION even_odd(a int) RETURNS int LANGUAGE plpgsql
    AS 'BEGIN RETURN CASE WHEN a < 1 THEN public.writes() ELSE public.odd_even(a - 1) END; END';
CREATE FUNCTION odd_even(a int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN public.even_odd(a - 1); END';
CREATE PROCEDURE writes_procedure() LANGUAGE plpgsql AS 'BEGIN PERFORM public.writes(); END';
CREATE PROCEDURE writes_committed() LANGUAGE plpgsql
    AS 'BEGIN COMMIT; SET TRANSACTION READ WRITE; INSERT INTO public.victim VALUES (1); COMMIT; END';
CREATE PROCEDURE writes_procedure_sql() LANGUAGE sql AS 'INSERT INTO public.victim VALUES (1)';

-- Names that PostgreSQL has, too, with arguments that fit better.
CREATE FUNCTION upper(varchar) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM public.writes(); RETURN ''x''; END';
CREATE FUNCTION length(public.address) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN public.writes(); END';
CREATE FUNCTION now(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN public.writes(); END';
CREATE FUNCTION "Lower"(text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN public.writes(); END';
CREATE FUNCTION "größe"(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN public.writes(); END';
CREATE SCHEMA shadow;
CREATE FUNCTION shadow.abs(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN public.writes(); END';
CREATE FUNCTION shadow.count_orders() RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN public.writes(); END';
CREATE FUNCTION public.count_orders() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM public.orders';
CREATE VIEW shadow.accounts AS SELECT public.writes() AS id;
GRANT USAGE ON SCHEMA shadow TO PUBLIC;

-- Operators, casts, types, aggregates.
CREATE OPERATOR ### (LEFTARG = int, RIGHTARG = int, FUNCTION = writes_two);
CREATE OPERATOR !!! (RIGHTARG = int, FUNCTION = writes_one);
CREATE TYPE mood AS ENUM ('glum', 'gay');
CREATE FUNCTION writes_less(mood, mood) RETURNS boolean LANGUAGE plpgsql IMMUTABLE
    AS 'BEGIN PERFORM public.writes(); RETURN true; END';
CREATE FUNCTION writes_compare(mood, mood) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN public.writes(); END';
CREATE OPERATOR <<< (LEFTARG = mood, RIGHTARG = mood, FUNCTION = writes_less);
CREATE OPERATOR CLASS moody FOR TYPE mood USING btree AS OPERATOR 1 <<<, FUNCTION 1 writes_compare(mood, mood);
CREATE FUNCTION writes_cast(mood) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN public.writes(); END';
CREATE CAST (mood AS int) WITH FUNCTION writes_cast(mood) AS IMPLICIT;
CREATE FUNCTION writes_address(int) RETURNS public.address LANGUAGE plpgsql IMMUTABLE
    AS 'BEGIN PERFORM public.writes(); RETURN NULL; END';
CREATE CAST (int AS public.address) WITH FUNCTION writes_address(int);
CREATE DOMAIN checked AS text CHECK (public.writes_true(VALUE));
CREATE DOMAIN checked_twice AS checked;
CREATE TYPE pair AS (a int, b checked);
CREATE DOMAIN paired AS pair;
CREATE TYPE checked_range AS RANGE (SUBTYPE = mood, SUBTYPE_OPCLASS = moody);
CREATE TABLE typed (p pair, m mood, r checked_range);
INSERT INTO typed (m) VALUES ('glum'), ('gay');
CREATE AGGREGATE writes_sum(int) (SFUNC = writes_two, STYPE = int, INITCOND = '0');
CREATE AGGREGATE writes_finally(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0', FINALFUNC = writes_one);
CREATE AGGREGATE writes_ordered(ORDER BY int) (SFUNC = writes_two, STYPE = int, INITCOND = '0');

-- Relations that do more than hold rows.
CREATE VIEW writes_view AS SELECT public.writes() AS a;
CREATE VIEW writes_above AS SELECT * FROM writes_view;
CREATE VIEW writes_invoked WITH (security_invoker) AS SELECT public.writes() AS a;
CREATE VIEW writes_far AS SELECT o.id FROM orders o WHERE EXISTS (SELECT FROM writes_above);
CREATE VIEW locks_view AS SELECT pg_try_advisory_lock(77) AS a;
CREATE RECURSIVE VIEW writes_recursive (n) AS SELECT public.writes() UNION ALL SELECT n + 1 FROM writes_recursive WHERE n < 1;
CREATE TABLE policed (id int); INSERT INTO policed VALUES (1);
ALTER TABLE policed ENABLE ROW LEVEL SECURITY;
CREATE POLICY looks ON policed USING (public.writes_one(id) > 0);
ALTER TABLE policed FORCE ROW LEVEL SECURITY;
CREATE VIEW updatable AS SELECT id, note FROM orders;
CREATE TABLE ruled (id int); INSERT INTO ruled VALUES (1);
CREATE RULE also AS ON INSERT TO ruled DO ALSO INSERT INTO public.victim VALUES (NEW.id);

-- What scopes are about: granted by name, and what looks like it.
CREATE TABLE granted (id int PRIMARY KEY, note text, tags int[]);
INSERT INTO granted SELECT n, 'note ' || n FROM generate_series(1, 9) n;
CREATE TABLE shadow.granted (id int PRIMARY KEY, note text, tags int[]);
ALTER TABLE shadow.granted RENAME TO twin;
CREATE TABLE other (id int PRIMARY KEY, note text, tags int[]); INSERT INTO other VALUES (1, 'other', NULL);
CREATE TABLE "Granted" (id int PRIMARY KEY, note text); INSERT INTO "Granted" VALUES (1, 'upper case');
ALTER TABLE "Granted" RENAME TO "Other";
CREATE TABLE heir () INHERITS (granted); INSERT INTO heir VALUES (101, 'heir', NULL);
CREATE TABLE granted_parts (id int, note text) PARTITION BY LIST (id);
CREATE TABLE part_one PARTITION OF granted_parts FOR VALUES IN (1); INSERT INTO part_one VALUES (1, 'part');
CREATE TABLE whole (id int, note text) PARTITION BY LIST (id);
CREATE TABLE granted_part PARTITION OF whole FOR VALUES IN (1);
CREATE TABLE part_two PARTITION OF whole FOR VALUES IN (2); INSERT INTO part_two VALUES (2, 'part');
CREATE VIEW granted_view AS SELECT id, note FROM other;
CREATE TABLE granted_ruled (id int); CREATE RULE instead AS ON INSERT TO granted_ruled DO INSTEAD INSERT INTO other (id) VALUES (NEW.id);
CREATE SEQUENCE granted_ids;

-- Ways out of the database.
CREATE EXTENSION dblink;
CREATE EXTENSION postgres_fdw;
CREATE EXTENSION file_fdw;
CREATE EXTENSION tablefunc;
CREATE EXTENSION lo;
CREATE SERVER back FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '@PORT@', dbname '@DATABASE@');
CREATE USER MAPPING FOR PUBLIC SERVER back OPTIONS (user 'boss', password 'upstream-secret');
CREATE VIEW far_away AS SELECT * FROM public.dblink('back', 'INSERT INTO public.victim VALUES (1) RETURNING 1') AS t (a int);
CREATE SERVER programs FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE program (line text) SERVER programs OPTIONS (program 'echo 1; touch @FILES@/stolen');
CREATE FOREIGN TABLE far_victim (id int) SERVER back OPTIONS (schema_name 'public', table_name 'victim');
CREATE TABLE inherits_program (line text);
ALTER FOREIGN TABLE program INHERIT inherits_program;
CREATE FUNCTION dials() RETURNS text LANGUAGE sql STABLE
    AS $$ SELECT public.dblink_exec('back', 'INSERT INTO public.victim VALUES (1)') $$;

GRANT SELECT ON ALL TABLES IN SCHEMA public, shadow TO PUBLIC;
GRANT USAGE ON FOREIGN SERVER back, programs TO PUBLIC;
GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public, shadow TO writer;
