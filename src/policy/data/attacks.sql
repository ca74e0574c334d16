-- SECURITY.md 1.1: the sixteen ways out of default_transaction_read_only (each line one message)
SET default_transaction_read_only=off
INSERT INTO orders VALUES (1)
SET TRANSACTION READ WRITE; INSERT INTO orders VALUES (1)
SET transaction_read_only=off; INSERT INTO orders VALUES (1)
BEGIN READ WRITE; INSERT INTO orders VALUES (1); COMMIT
COMMIT; BEGIN READ WRITE; INSERT INTO orders VALUES (1); COMMIT
SET TRANSACTION READ WRITE
ROLLBACK AND CHAIN; SET TRANSACTION READ WRITE
SELECT set_config('default_transaction_read_only','off',false)
WITH x AS (SELECT set_config('default_'||'transaction_read_only','off',false)) SELECT * FROM x
SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE
DO $$ BEGIN PERFORM set_config('default_transaction_read_only','off',false); END $$
DO $$ BEGIN COMMIT; SET TRANSACTION READ WRITE; INSERT INTO orders VALUES (1); END $$
CALL p()
PREPARE p AS INSERT INTO orders VALUES (1)
SET default_transaction_read_only=off; EXECUTE p
DISCARD ALL; INSERT INTO orders VALUES (1)
BEGIN READ ONLY, READ WRITE
START TRANSACTION READ WRITE
BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE DEFERRABLE
RESET transaction_read_only
SET transaction_read_only TO DEFAULT
SET LOCAL transaction_read_only = 0
SET SESSION default_transaction_read_only TO DEFAULT; SET default_transaction_read_only = 'fals'
SELECT pg_catalog.set_config($1, 'off', false)
SELECT set_config(name, 'off', false) FROM pg_settings
SELECT set_config('transaction_read_only', setting, false) FROM pg_settings
SELECT "set_config"('default_transaction_read_only', 'off', true)
SELECT U&"set\005fconfig"('default_transaction_read_only', 'off', true)
UPDATE pg_settings SET setting = 'off' WHERE name = 'default_transaction_read_only'
SET ROLE writer
SET ROLE NONE
SET SESSION AUTHORIZATION writer
SELECT set_config('role', 'writer', false)
SET session_replication_role = replica
SET standard_conforming_strings = off
SET client_encoding = 'SJIS'
SET backslash_quote = on
-- 1.2: side effects inside a read-only transaction
SELECT lo_create(0)
SELECT lo_from_bytea(0, '\x00')
SELECT pg_logical_emit_message(true, 'a', 'b')
SELECT txid_current()
SELECT pg_current_xact_id()
NOTIFY a, 'b'
SELECT pg_notify('a', 'b')
LISTEN a
SELECT pg_advisory_lock(1)
SELECT pg_try_advisory_xact_lock(1)
SELECT pg_export_snapshot()
SELECT pg_terminate_backend(1)
SELECT pg_cancel_backend(pid) FROM pg_stat_activity
DO $$ BEGIN END $$
SELECT nextval('sq')
SELECT setval('sq', 1)
LOCK TABLE orders
LOCK TABLE orders IN ROW SHARE MODE
SELECT * FROM orders FOR UPDATE
SELECT * FROM orders FOR KEY SHARE
SELECT * FROM (SELECT * FROM orders FOR SHARE) x
DECLARE c CURSOR FOR SELECT * FROM orders FOR UPDATE
SET TRANSACTION SNAPSHOT '00000003-0000001B-1'
-- 1.3: with a superuser as upstream role
COPY orders TO '/tmp/x'
COPY orders TO PROGRAM 'sh'
COPY (SELECT 1) TO PROGRAM 'sh'
ALTER SYSTEM SET work_mem = '1MB'
LOAD 'x'
CHECKPOINT
REINDEX TABLE orders
VACUUM orders
ANALYZE orders
CLUSTER orders
REFRESH MATERIALIZED VIEW mv
SELECT pg_read_file('/etc/passwd')
SELECT * FROM pg_ls_dir('/')
SELECT lo_import('/etc/passwd')
SELECT pg_create_physical_replication_slot('x')
SELECT pg_drop_replication_slot('x')
SELECT pg_reload_conf()
SELECT pg_switch_wal()
SELECT pg_stat_reset()
SELECT dblink_exec('dbname=app', 'DELETE FROM orders')
-- 1.7
EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1
EXPLAIN (ANALYSE) DELETE FROM orders
EXPLAIN (ANALYZE ON, ANALYZE OFF, ANALYZE) DELETE FROM orders
EXPLAIN ANALYZE EXECUTE p; CREATE TABLE t AS EXECUTE p
CREATE TEMP TABLE orders AS SELECT 1
CREATE TABLE t AS EXECUTE p
SELECT 1 INTO t
SELECT INTO t FROM orders
SELECT 1 UNION SELECT 2 INTO t
PREPARE TRANSACTION 'x'
COMMIT PREPARED 'x'
ROLLBACK PREPARED 'x'
WITH x AS (DELETE FROM orders RETURNING 1) SELECT * FROM x
WITH x AS (INSERT INTO orders VALUES (1) RETURNING 1) SELECT * FROM x
WITH x AS (MERGE INTO orders o USING items i ON true WHEN MATCHED THEN DELETE RETURNING 1) SELECT 1
COPY (DELETE FROM orders RETURNING 1) TO STDOUT
COPY orders FROM STDIN
DECLARE c CURSOR FOR WITH x AS (DELETE FROM orders RETURNING 1) SELECT * FROM x
MERGE INTO orders o USING items i ON true WHEN MATCHED THEN DELETE
TRUNCATE orders
SELECT 1 END; DELETE FROM orders
SELECT o.full_name FROM orders o
SELECT ('sq'::regclass).nextval
SELECT x.nextval FROM unnest('{sq}'::regclass[]) x
SELECT nextval.nextval FROM to_regclass('sq') nextval
SELECT concat.pg_read_file FROM concat('/etc/passwd')
SELECT g.pg_read_file FROM ROWS FROM (concat('/etc/passwd')) g
SELECT x.pg_read_file FROM COALESCE('/etc/passwd') x
SELECT "coalesce".pg_read_file FROM COALESCE('/etc/passwd')
SELECT x.y.z, (x.y).lo_create FROM x
SELECT ('/etc/passwd'::text).pg_read_file
SELECT (12345).pg_terminate_backend
SELECT ('x'::text).email
SELECT (1).f
SELECT 1::euro
SELECT json_populate_record(o, '{}') FROM people o
SELECT ($1).lo_unlink
SELECT (o).full_name FROM orders o
SELECT 'x'::email
SELECT email 'x'
SELECT CAST('x' AS public.email[])
SELECT 1 ### 2
SELECT 1 OPERATOR(public.###) 2
SELECT f(1)
SELECT * FROM f(1)
SELECT * FROM ROWS FROM (f(1))
SELECT 1 WHERE f(1) = 1
SELECT sum(f(1)) FILTER (WHERE f(2) = 1) FROM orders
SELECT rank() OVER (ORDER BY f(1)) FROM orders
SELECT 1 ORDER BY f(1)
SELECT 1 LIMIT f(1)
VALUES (f(1))
EXECUTE p(f(1))
SELECT CASE WHEN f(1) = 1 THEN 1 END
SELECT * FROM orders TABLESAMPLE f(1)
SELECT * FROM orders, LATERAL f(id)
SELECT ARRAY[f(1)]
SELECT reverse('x'::varchar)
SELECT query_to_xml('SELECT 1', true, true, '')
SELECT query_to_xmlschema('SELECT 1', true, true, '')
SELECT * FROM ts_stat('SELECT ' || '1')
SELECT * FROM ts_stat($1)
SELECT * FROM ts_stat('SELECT f(1)')
SELECT * FROM ts_stat('SELECT 1; SELECT f(1)')
SELECT * FROM ts_stat('DELETE FROM orders RETURNING 1')
SELECT * FROM ts_stat('SELECT nextval(''tickets'')')
SELECT * FROM ts_stat('SELECT * FROM orders FOR UPDATE')
SELECT ts_rewrite('a'::tsquery, 'SELECT f(1), f(1)')
SELECT ts_rewrite('a'::tsquery, note) FROM orders
SELECT pg_input_is_valid('x', note) FROM orders
SELECT table_to_xml('v', true, true, '')
SELECT pg_input_is_valid('x', 'email')
SELECT domain_in('x', 1, 1)
SELECT pg_import_system_collations('public')
SELECT brin_summarize_new_values('i')
SELECT pg_replication_origin_create('x')
CREATE EXTENSION dblink
CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1'
CREATE RULE r AS ON SELECT TO orders DO INSTEAD NOTHING
GRANT ALL ON orders TO public
COMMENT ON TABLE orders IS 'x'
DROP TABLE orders
ALTER TABLE orders ADD COLUMN x int
ALTER ROLE writer SUPERUSER
SECURITY LABEL ON TABLE orders IS 'x'
IMPORT FOREIGN SCHEMA s FROM SERVER x INTO y
SELECT nothing_known(1)
SELECT public.nothing_known(1)
SELECT 1::nothing_known
