-- What drivers, ORMs, poolers, IDEs and monitoring send beside their queries.
-- One text after another, each ended by a line of ;;
BEGIN
;;
begin; select 1; commit
;;
BEGIN READ ONLY
;;
BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY
;;
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE
;;
START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY
;;
COMMIT AND CHAIN
;;
ROLLBACK AND CHAIN
;;
ROLLBACK TO SAVEPOINT "_2f"
;;
SAVEPOINT sp1; SELECT 1; RELEASE SAVEPOINT sp1
;;
SET default_transaction_read_only TO 'on'
;;
SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY
;;
SET TRANSACTION READ ONLY
;;
SET extra_float_digits = 3; SET application_name = 'x'
;;
SET client_encoding TO 'UTF8'
;;
SET NAMES 'utf8'
;;
SET TIME ZONE 'UTC'
;;
SET TIME ZONE INTERVAL '-08:00' HOUR TO MINUTE
;;
SET SESSION search_path TO app, public
;;
SET SCHEMA 'public'
;;
SET DateStyle = ISO; SET client_min_messages TO warning
;;
SET standard_conforming_strings = on
;;
SET LOCAL statement_timeout = '5s'
;;
SET statement_timeout = 0
;;
SET lock_timeout = '1s'
;;
SET LOCAL work_mem = '256MB'
;;
SET row_security = off
;;
RESET ALL
;;
RESET statement_timeout
;;
RESET ROLE
;;
SET SESSION AUTHORIZATION DEFAULT
;;
DISCARD ALL
;;
DISCARD PLANS
;;
SET SESSION AUTHORIZATION DEFAULT; RESET ALL; CLOSE ALL; UNLISTEN *; SELECT pg_advisory_unlock_all(); DISCARD SEQUENCES; DISCARD TEMP
;;
SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL
;;
SELECT set_config('jit', 'off', false)
;;
SELECT current_setting('jit') AS cur, set_config('jit', 'off', false) AS new
;;
SELECT pg_catalog.set_config('search_path', '', false)
;;
SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings WHERE name = 'restrict_nonsystem_relation_kind'
;;
SELECT set_config('timezone', $1, false)
;;
DEALLOCATE ALL
;;
DEALLOCATE "_pg3_0"
;;
PREPARE q(int) AS SELECT * FROM orders WHERE id = $1
;;
EXECUTE q(1)
;;
DECLARE c SCROLL CURSOR WITH HOLD FOR SELECT * FROM orders
;;
FETCH FORWARD 100 FROM c
;;
MOVE 2 FROM "c"
;;
CLOSE c
;;
COPY orders TO STDOUT
;;
COPY (SELECT * FROM orders) TO STDOUT WITH (FORMAT csv, HEADER)
;;
LOCK TABLE orders IN ACCESS SHARE MODE
;;
EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT * FROM orders
;;
EXPLAIN UPDATE orders SET total = 1
;;
SHOW transaction_isolation
;;
SHOW ALL
;;
TABLE orders
;;
VALUES (1, 'a'), (2, 'b')
;;
SELECT
;;

;;
-- only a comment
;;
;
;;
select pg_catalog.version(); select current_schema(), session_user, current_user
;;
SELECT t.oid, typarray FROM pg_type t JOIN pg_namespace ns ON typnamespace = ns.oid WHERE typname = 'hstore'
;;
SELECT abalance FROM pgbench_accounts WHERE aid = 4711
;;
SELECT random(), clock_timestamp(), gen_random_uuid(), pg_sleep(0), now() AT TIME ZONE 'UTC'
;;
SELECT count(*) FILTER (WHERE total > 1), percentile_cont(0.5) WITHIN GROUP (ORDER BY total), rank() OVER (ORDER BY id) FROM orders GROUP BY id
;;
SELECT o.total, (o).customer, o.* FROM orders o WHERE o.m = 'ok'::mood AND o.m = ANY ('{sad}'::mood[])
;;
SELECT ROW(1, 'x')::pair, NULL::public.pair[], DATE '2026-01-01', INTERVAL '1 day', '1'::regclass
;;
SELECT pg_size_pretty(pg_total_relation_size('orders')), pg_database_size(current_database())
;;
SELECT pid, state, pg_blocking_pids(pid), now() - xact_start, left(query, 100) FROM pg_stat_activity WHERE backend_type = 'client backend'
;;
SELECT * FROM pg_stat_get_activity(NULL)
;;
SELECT pg_is_in_recovery(), pg_current_wal_lsn(), pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0'), txid_current_if_assigned()
;;
SELECT * FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT granted
;;
SELECT jsonb_path_query(doc, '$.a'), doc->>'b', doc #> '{c}', doc @> '{"d":1}' FROM items
;;
SELECT xmlelement(name foo, 'bar'), xmlforest(1 AS a), xpath('/a', '<a/>'::xml)
;;
SELECT * FROM XMLTABLE('/r' PASSING ('<r/>'::xml) COLUMNS a int PATH 'a')
;;
SELECT JSON_VALUE('{"a":1}', '$.a'), JSON_ARRAYAGG(1), JSON_OBJECT('a': 1)
;;
SELECT EXTRACT(epoch FROM now()), SUBSTRING('abc' FROM 2), TRIM(BOTH FROM ' x '), POSITION('a' IN 'b'), OVERLAY('abc' PLACING 'x' FROM 1), NORMALIZE('x'), COALESCE(1, 2), NULLIF(1, 2), GREATEST(1, 2)
;;
SELECT COLLATION FOR ('x'::text), CURRENT_DATE, CURRENT_TIMESTAMP(3), LOCALTIME, CURRENT_ROLE, USER, SESSION_USER, CURRENT_CATALOG
;;
SELECT * FROM orders TABLESAMPLE bernoulli (10) REPEATABLE (1)
;;
SELECT * FROM generate_series(1, 10) WITH ORDINALITY
;;
SELECT * FROM ROWS FROM (generate_series(1, 3), unnest(ARRAY[1, 2])) AS x(a, b)
;;
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT * FROM t
;;
SELECT c.column_name, c.data_type FROM information_schema.columns c WHERE table_schema NOT IN ('pg_catalog', 'information_schema')
;;
SELECT to_tsvector('english', 'a') @@ plainto_tsquery('a'), ts_rank(to_tsvector('a'), 'a'::tsquery)
;;
SELECT has_table_privilege('orders', 'SELECT'), pg_get_viewdef('open_orders'::regclass, true), obj_description('orders'::regclass)
;;
SELECT * FROM pg_stat_statements ORDER BY total_exec_time DESC LIMIT 10
;;
SET NAMES 'UTF8'; SET DateStyle TO 'ISO'; SELECT 1
