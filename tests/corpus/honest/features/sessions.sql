-- Transactions, cursors, prepared statements, settings. Texts of one session follow each other by a line of ;
-- One text after another, each ended by a line of ;;
BEGIN
;
SELECT 1
;
COMMIT
;;
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE
;
SELECT count(*) FROM orders
;
END
;;
START TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY
;
SAVEPOINT a
;
SELECT 1/0
;
SELECT 1
;
ROLLBACK TO a
;
RELEASE SAVEPOINT a
;
SELECT 2
;
COMMIT AND CHAIN
;
SELECT 3
;
ROLLBACK AND NO CHAIN
;;
BEGIN WORK NOT DEFERRABLE
;
ABORT
;;
BEGIN TRANSACTION READ ONLY
;
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ
;
SHOW transaction_isolation
;
END WORK
;;
BEGIN
;
DECLARE c SCROLL CURSOR FOR SELECT * FROM orders ORDER BY id
;
FETCH 3 FROM c
;
FETCH NEXT c
;
FETCH FORWARD 2 IN c
;
FETCH PRIOR FROM c
;
FETCH ABSOLUTE 10 FROM c
;
FETCH RELATIVE -2 FROM c
;
FETCH FIRST FROM c
;
FETCH LAST FROM c
;
FETCH BACKWARD 2 FROM c
;
FETCH ALL FROM c
;
FETCH BACKWARD ALL FROM c
;
MOVE 5 FROM c
;
MOVE FORWARD ALL IN c
;
CLOSE c
;
COMMIT
;;
DECLARE h CURSOR WITH HOLD FOR SELECT id FROM tree ORDER BY id
;
FETCH 2 FROM h
;
FETCH ALL h
;
CLOSE h
;;
BEGIN
;
DECLARE b BINARY INSENSITIVE NO SCROLL CURSOR WITHOUT HOLD FOR SELECT id, name FROM tree ORDER BY id
;
FETCH 1 FROM b
;
SELECT name, statement, is_holdable FROM pg_cursors
;
CLOSE ALL
;
COMMIT
;;
PREPARE q AS SELECT * FROM orders WHERE id = $1
;
EXECUTE q(1)
;
EXECUTE q (2)
;
EXPLAIN (COSTS OFF) EXECUTE q(3)
;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) EXECUTE q(3)
;
SELECT name, parameter_types FROM pg_prepared_statements WHERE name = 'q'
;
DEALLOCATE q
;;
PREPARE "Weird name" (int, text, mood, int[]) AS SELECT $1 + 1, $2 || 'x', $3, $4
;
EXECUTE "Weird name"(1, 'a', 'ok', '{1,2}')
;
DEALLOCATE PREPARE "Weird name"
;;
PREPARE v AS VALUES ($1::int)
;
EXECUTE v(1 + 2)
;
DEALLOCATE ALL
;;
SET work_mem = '64MB'
;
SHOW work_mem
;
RESET work_mem
;
SHOW work_mem
;;
SET LOCAL work_mem TO '8MB'
;;
SET SESSION enable_seqscan = off
;
SHOW enable_seqscan
;
SET enable_seqscan TO DEFAULT
;;
SET search_path TO app, public
;
SHOW search_path
;
SELECT count(*) FROM orders
;
SET search_path = "$user", public
;;
SET search_path = ''
;
SELECT count(*) FROM public.orders
;
SELECT public.add1(2)
;
RESET search_path
;;
SET TIME ZONE 'Europe/Berlin'
;
SELECT timestamptz '2026-06-01 12:00+00'
;
SET TIME ZONE LOCAL
;
SET TIME ZONE DEFAULT
;
SET TIME ZONE -7
;
SET timezone TO 'UTC'
;;
SET DateStyle TO 'ISO, DMY'
;
SELECT '1/2/2026'::date
;
SET datestyle = German
;
SELECT '2026-01-02'::date
;
RESET datestyle
;;
SET IntervalStyle = 'iso_8601'
;
SELECT interval '1 day 2 hours'
;
RESET intervalstyle
;;
SET bytea_output = 'escape'
;
SELECT '\x01ff'::bytea
;
RESET bytea_output
;;
SET extra_float_digits = 0
;
SELECT 0.1::float8 + 0.2
;
RESET extra_float_digits
;;
SET client_min_messages = 'notice'
;
SET client_min_messages TO error
;
RESET client_min_messages
;;
SET application_name = 'my app'
;
SET standard_conforming_strings = on
;
SET xmloption = document
;
RESET xmloption
;;
SET client_encoding = 'LATIN1'
;
SELECT 'abc'
;
SET client_encoding TO 'UTF8'
;;
SET NAMES 'UTF8'
;
SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY
;
SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ
;
SHOW default_transaction_isolation
;
RESET default_transaction_isolation
;;
SET default_transaction_read_only = on
;
SET transaction_read_only = on
;;
SET statement_timeout = '10s'
;
SET statement_timeout TO 5000
;
SET lock_timeout = '1s'
;
SET LOCAL lock_timeout = 100
;
SET idle_in_transaction_session_timeout = '1min'
;
RESET statement_timeout
;
RESET lock_timeout
;
RESET idle_in_transaction_session_timeout
;;
SELECT set_config('work_mem', '16MB', false)
;
SELECT set_config('search_path', 'public', true)
;
SELECT pg_catalog.set_config('TimeZone', 'UTC', false), current_setting('TimeZone')
;;
BEGIN
;
LOCK TABLE orders IN ACCESS SHARE MODE
;
LOCK orders, tree IN ACCESS SHARE MODE NOWAIT
;
LOCK TABLE ONLY animals IN ACCESS SHARE MODE
;
COMMIT
;;
SET seed = 0.5
;
SET geqo = off
;
SET jit = off
;
SET max_parallel_workers_per_gather = 0
;
SET random_page_cost = 1.1
;
SET plan_cache_mode = force_custom_plan
;
SET constraint_exclusion = on
;
SET from_collapse_limit = 20
;
SET cursor_tuple_fraction = 0.2
;
SET default_statistics_target = 200
;
SET enable_partitionwise_join = on
;
SET lc_messages = 'C'
;
SET lc_time = 'C'
;
SET default_text_search_config = 'pg_catalog.simple'
;
SET gin_fuzzy_search_limit = 0
;
SET pg_trgm.similarity_threshold = 0.4
;
SELECT set_limit(0.3)
;
RESET ALL
;;
SET CONSTRAINTS ALL IMMEDIATE
;;
DISCARD PLANS
;
DISCARD SEQUENCES
;
DISCARD TEMP
;
DISCARD ALL
;;
UNLISTEN *
;
SELECT pg_listening_channels()
;;
BEGIN; SELECT 1; SELECT 2; COMMIT
;;
SELECT 1; SELECT 2; SELECT 3
;;
SELECT 1; SELECT 1/0; SELECT 3
;;
SET LOCAL timezone = 'UTC'; SELECT 1
;;
SET timezone = 'UTC'; SELECT now() IS NOT NULL; RESET timezone
;;
RESET ROLE
;
SET SESSION AUTHORIZATION DEFAULT
;
RESET SESSION AUTHORIZATION
;;
SET check_function_bodies = off
;
SET row_security = on
;
SET synchronous_commit = on
;
SET vacuum_cost_delay = 0
;
SET parallel_setup_cost = 10
;
SET backend_flush_after = 0
;
SET debug_print_plan = off
;
SET trace_sort = off
;
SET hnsw.ef_search = 40
;
SET ivfflat.probes = 10
;
SET quote_all_identifiers = on
;
SET logical_decoding_work_mem = '64MB'
;
SET vacuum_freeze_min_age = 0
;
SET enable_memoize = off
;
SET default_toast_compression = 'pglz'
;
SET bytea_output TO hex
;
SET password_encryption = 'scram-sha-256'
;
SET transform_null_equals = off
;
SET array_nulls = on
;
SET backslash_quote = safe_encoding
;
SET escape_string_warning = off
;;
SELECT * FROM p1()
;;
SELECT * FROM p1(3), p2(2), p4() LIMIT 3
;;
SELECT p3(1), p3(1,5), p6('x'), p6('1'), p8('{"a":1}'), p9('2026-01-15'), p10(1,1,2), p11(1), p14()
;;
BEGIN
;
SELECT p5('cc')
;
FETCH ALL FROM cc
;
COMMIT
;;
SELECT p7()
;;
SELECT * FROM vv LIMIT 2
;;
SELECT * FROM vx
;;
SELECT * FROM vj
;;
