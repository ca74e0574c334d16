-- What SELECT, VALUES, TABLE, EXPLAIN, COPY and SHOW can be made of.
-- One text after another, each ended by a line of ;;
SELECT 1
;;
SELECT
;;
SELECT 1 AS "Ünïcödé", 2 AS "select", 3 "quo""ted", 4 AS a$b, 5 AS _x
;;
VALUES (1, 'a'), (2, 'b') ORDER BY 1 DESC LIMIT 1
;;
TABLE tree
;;
TABLE tree ORDER BY id LIMIT 2 OFFSET 1
;;
(SELECT 1) UNION ALL (SELECT 2 ORDER BY 1) ORDER BY 1
;;
SELECT 1 UNION SELECT 2 INTERSECT SELECT 2 EXCEPT ALL SELECT 3 ORDER BY 1
;;
SELECT * FROM tree FETCH FIRST 2 ROWS ONLY
;;
SELECT * FROM orders ORDER BY total DESC FETCH FIRST 3 ROWS WITH TIES
;;
SELECT * FROM tree ORDER BY id OFFSET 1 ROW FETCH NEXT ROW ONLY
;;
SELECT DISTINCT ON (customer_id) customer_id, id, at FROM orders ORDER BY customer_id, at DESC LIMIT 5
;;
SELECT DISTINCT status FROM orders ORDER BY status USING <
;;
SELECT ALL status FROM tree, orders WHERE orders.id = tree.id ORDER BY 1 NULLS LAST
;;
SELECT c.name, o.* FROM customers c LEFT JOIN LATERAL (SELECT id, total FROM orders o WHERE o.customer_id = c.id ORDER BY total DESC LIMIT 2) o ON true ORDER BY c.id, o.id LIMIT 6
;;
SELECT * FROM tree a JOIN tree b USING (id) AS j ORDER BY j.id
;;
SELECT * FROM tree NATURAL JOIN (VALUES (1,'z')) v(id, z)
;;
SELECT * FROM tree a FULL OUTER JOIN (SELECT 9 AS id) b ON a.id = b.id ORDER BY a.id, b.id
;;
SELECT count(*) FROM tree a CROSS JOIN tree b, tree c
;;
SELECT * FROM ROWS FROM (generate_series(1,3), unnest(ARRAY['a','b']), json_to_recordset('[{"x":1}]') AS (x int)) WITH ORDINALITY AS t(a, b, c, n)
;;
SELECT * FROM generate_series(1,3) AS g(n), LATERAL (SELECT n * 2 AS d) s
;;
WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n+1 FROM t WHERE n < 10) SELECT sum(n) FROM t
;;
WITH RECURSIVE w AS (SELECT id, parent, name, 1 AS depth FROM tree WHERE parent IS NULL UNION ALL SELECT t.id, t.parent, t.name, w.depth + 1 FROM tree t JOIN w ON t.parent = w.id) SEARCH DEPTH FIRST BY id SET ord CYCLE id SET is_cycle USING path SELECT * FROM w ORDER BY ord
;;
WITH RECURSIVE w AS (SELECT id, parent FROM tree WHERE id = 1 UNION ALL SELECT t.id, t.parent FROM tree t JOIN w ON t.parent = w.id) SEARCH BREADTH FIRST BY id SET ord CYCLE id SET c TO 'Y' DEFAULT 'N' USING p SELECT id, c FROM w ORDER BY ord
;;
WITH a AS MATERIALIZED (SELECT 1 AS x), b AS NOT MATERIALIZED (SELECT x + 1 AS y FROM a) SELECT * FROM a, b
;;
WITH x AS (WITH y AS (SELECT 1 AS z) SELECT z FROM y) SELECT * FROM x
;;
WITH RECURSIVE fib(a, b) AS (SELECT 0::numeric, 1::numeric UNION ALL SELECT b, a + b FROM fib WHERE b < 1000) SELECT array_agg(a) FROM fib
;;
SELECT CASE WHEN 1 < 2 THEN 'a' ELSE 'b' END, CASE 3 WHEN 1 THEN 'x' WHEN 3 THEN 'y' END, CASE WHEN false THEN 1 END
;;
SELECT 1 BETWEEN 0 AND 2, 5 NOT BETWEEN SYMMETRIC 9 AND 7, 1 IN (1,2), 3 NOT IN (SELECT id FROM tree), NULL IS NULL, 1 IS NOT NULL, true IS TRUE, NULL IS UNKNOWN, 1 IS DISTINCT FROM 2, NULL IS NOT DISTINCT FROM NULL, 1 ISNULL, 1 NOTNULL
;;
SELECT 'abc' LIKE 'a%', 'abc' NOT LIKE '_b_', 'a%c' LIKE 'a\%c', 'a%c' LIKE 'a!%c' ESCAPE '!', 'ABC' ILIKE 'a%', 'abc' SIMILAR TO '%(b|d)%', 'abc' ~ 'b', 'abc' ~* 'B', 'abc' !~ 'z', 'abc' !~* 'Z', 'abc' ~~ 'a%', 'abc' !~~ 'x', 'a' ~~* 'A', 'abc' LIKE ANY (ARRAY['a%','b%']), 'abc' NOT ILIKE ALL (ARRAY['x%'])
;;
SELECT (1,2) = (1,2), (1,2) < (1,3), ROW(1,NULL) IS NULL, (1,2) IN ((1,2),(3,4)), (1,2) = ANY (VALUES (1,2)), ROW(1,2) IS DISTINCT FROM ROW(1,3), (SELECT ROW(1,2)) = ROW(1,2), (1,'a')::pair, ((1,'a')::pair).a, ((1,'a')::pair).*
;;
SELECT EXISTS (SELECT FROM tree), NOT EXISTS (SELECT 1 FROM tree WHERE id = 99), ARRAY(SELECT id FROM tree ORDER BY 1), (SELECT max(id) FROM tree), 5 > ALL (SELECT id FROM tree), 4 = SOME (SELECT id FROM tree)
;;
SELECT name COLLATE "C", 'a' < 'B' COLLATE "C", name COLLATE german FROM tree ORDER BY name COLLATE numeric_order
;;
SELECT 1::int2::int4::int8::numeric::text::varchar(10)::bpchar::name::text, '{1,2}'::int[]::text[]::text, 'orders'::regclass::oid::int8 > 0, now()::date::text::date = current_date, '1'::"char"::text
;;
SELECT E'a\nb\t\x41\101\u00e9\U0001F600', U&'\0441\043B\043E\043D', U&"d\0061t" FROM (SELECT 1 AS data) s, LATERAL (SELECT 2 AS "dat") t
;;
SELECT 'a' || 'b', B'1010', X'1F', 1_000_000, 0x1F, 0o17, 0b101, 1e3, .5, 5., 1.5e-3
;;
SELECT /* comment /* nested */ still */ 1 -- trailing
;;
-- leading comment
;;
/* only */ SELECT 2 /* a */ + /* b */ 3 -- c
;;
SELECT 1 ; -- after
;;
 ;
;;
SELECT 1;;
;;
SELECT "a.b", "quo""te", "ünï", "from--x", "semi;colon", "from" FROM "Weird Schema"."Select" AS "S" WHERE "S"."id" = 1
;;
SELECT s."id", ("s").id, (s).*, s FROM "Weird Schema"."Select" s
;;
SELECT c.full_label, full_label(c), c.p, (c.p).a, (c).name, c.tags[1], c.doc -> 'o' ->> 'k', (c.doc)['a'][0] FROM customers c WHERE id = 1
;;
SELECT name, score, tags, doc, m, p, loc, ip, mac, u, b, bits, mon, iv, ts, r, x, tsv, ea FROM customers ORDER BY id LIMIT 3
;;
SELECT * FROM customers WHERE tags && ARRAY['t1'] AND doc @> '{"n":4}' OR name ILIKE '%omer 7%' ORDER BY id
;;
SELECT * FROM customers WHERE m IN ('sad','happy') AND born > '1980-01-10' AND score BETWEEN 5 AND 20 ORDER BY score DESC NULLS FIRST LIMIT 5
;;
SELECT customers.id, orders.id FROM customers, orders WHERE customers.id = orders.customer_id AND orders.total > 290 ORDER BY 2
;;
SELECT * FROM ONLY animals; 
;;
SELECT tableoid::regclass, * FROM animals ORDER BY id
;;
SELECT tableoid::regclass, count(*) FROM events GROUP BY 1 ORDER BY 1
;;
SELECT ctid, xmin IS NOT NULL, cmin, tableoid::regclass FROM tree ORDER BY id LIMIT 1
;;
SELECT * FROM events WHERE at >= '2026-01-01' AND kind = 'a' ORDER BY id LIMIT 3
;;
SELECT * FROM active ORDER BY id LIMIT 3
;;
SELECT * FROM v_checked ORDER BY id LIMIT 3
;;
SELECT * FROM v_on_v ORDER BY id LIMIT 2
;;
SELECT * FROM walk ORDER BY id
;;
SELECT * FROM monthly
;;
SELECT * FROM secrets ORDER BY id
;;
SELECT * FROM hashed ORDER BY id LIMIT 2
;;
SELECT * FROM nests ORDER BY id LIMIT 2
;;
SELECT (n).p.a, (n).tags[1], (ns[1]).p.b, ((ns[1]).p).a, d, ds, fr, lower(fr) FROM nests ORDER BY id
;;
SELECT 'x@y.z'::email, 5::positive, '12345'::postal, 2000::year_t, '{1}'::ints, 'a'::plain_text, CAST('a@b.c' AS email), email 'q@r.s'
;;
SELECT add1(1), total_of(1), looper(3), raiser('x'), safe_div(1,0), with_cursor(1), fib(10), var(1,2,3), var(VARIADIC ARRAY[1,2]), poly(1,2), poly(NULL::text,'b'), json_report(1) -> 'name', full_label(c) FROM customers c WHERE id = 1
;;
SELECT * FROM order_rows(1) ORDER BY id
;;
SELECT * FROM order_table(1)
;;
SELECT * FROM order_table(c => 1, lim => 2)
;;
SELECT * FROM order_table(1, lim := 1) AS t(x, y)
;;
SELECT * FROM rec_out()
;;
SELECT (rec_out()).*
;;
SELECT * FROM next_rows()
;;
SELECT my_sum(id), my_last(name ORDER BY id), my_sum(DISTINCT id) FILTER (WHERE id > 1) FROM tree
;;
SELECT my_sum(id) OVER (ORDER BY id) FROM tree
;;
SELECT (1,'x')::pair === (1,'y')::pair, (1,'x')::pair OPERATOR(public.===) (2,'y')::pair, (1,'x')::pair::text, CAST((1,'x')::pair AS text)
;;
SELECT public.add1(pg_catalog.abs(-1)), 1 OPERATOR(pg_catalog.+) 2, pg_catalog.lower('A'), public.similarity('a','b')
;;
SELECT count(*) FROM many WHERE id IN (1,2,3) AND v = ANY('{1,2}') AND w LIKE 'w%' GROUP BY w HAVING count(*) > 0 ORDER BY count(*) DESC
;;
SELECT w, v, count(*) AS n, sum(count(*)) OVER (PARTITION BY w) FROM many GROUP BY w, v HAVING count(*) > 10 ORDER BY 1, 2
;;
SELECT a.w, b.w FROM many a JOIN many b ON a.id = b.id + 1 WHERE a.id < 5
;;
SELECT (SELECT name FROM customers c WHERE c.id = o.customer_id) AS n, o.id FROM orders o WHERE EXISTS (SELECT 1 FROM items i WHERE i.order_id = o.id AND i.qty > 4) ORDER BY o.id LIMIT 3
;;
SELECT date_trunc('day', at) AS d, count(*), sum(total), avg(total)::numeric(10,2), count(*) FILTER (WHERE status = 'paid') AS paid, round(100.0 * count(*) FILTER (WHERE status = 'paid') / count(*), 1) AS pct FROM orders GROUP BY 1 ORDER BY 1
;;
SELECT x.day, coalesce(n, 0) FROM generate_series('2026-01-01'::date, '2026-01-05', '1 day') AS x(day) LEFT JOIN (SELECT at::date AS day, count(*) AS n FROM orders GROUP BY 1) y ON y.day = x.day::date ORDER BY 1
;;
SELECT status, percentile_cont(ARRAY[0.5,0.9,0.99]) WITHIN GROUP (ORDER BY total) FROM orders GROUP BY status ORDER BY 1
;;
SELECT jsonb_build_object('customer', c.name, 'orders', jsonb_agg(jsonb_build_object('id', o.id, 'total', o.total) ORDER BY o.id)) FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.id < 3 GROUP BY c.id ORDER BY c.id
;;
SELECT row_to_json(t) FROM (SELECT id, name FROM tree ORDER BY id) t
;;
SELECT to_jsonb(o) - 'at' FROM orders o WHERE id = 1
;;
SELECT json_agg(o ORDER BY id) FROM (SELECT id, total FROM orders ORDER BY id LIMIT 2) o
;;
SELECT string_agg(DISTINCT status, ', ' ORDER BY status) FROM orders
;;
SELECT count(*), count(o.*), count(DISTINCT (o.customer_id, o.status)) FROM orders o
;;
SELECT id, (SELECT count(*) FROM orders o2 WHERE o2.at <= o.at) AS nth FROM orders o ORDER BY id LIMIT 2
;;
SELECT id FROM orders WHERE note ~ '^note [0-9]$' AND total::text LIKE '%5%' OR status = 'x' AND NOT (id > 5) ORDER BY id
;;
SELECT id FROM orders WHERE (customer_id, status) IN (SELECT customer_id, status FROM orders WHERE total > 298) AND at BETWEEN '2026-01-01' AND '2026-02-01' ORDER BY id
;;
SELECT GREATEST(1,2), LEAST('a','b'), COALESCE(NULL, 'x'), NULLIF(1,2), EXTRACT(EPOCH FROM interval '1 day'), POSITION('b' IN 'abc'), OVERLAY('abc' PLACING 'x' FROM 2), TRIM('  a '), SUBSTRING('abc' FROM 2), COLLATION FOR ('a'), CURRENT_DATE - CURRENT_DATE, TREAT(1 AS int4)
;;
EXPLAIN SELECT * FROM orders WHERE id = 1
;;
EXPLAIN (COSTS OFF) SELECT * FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.id = 5
;;
EXPLAIN (COSTS OFF, VERBOSE, FORMAT JSON) SELECT count(*) FROM orders
;;
EXPLAIN (FORMAT YAML, COSTS false) SELECT 1
;;
EXPLAIN (FORMAT XML, COSTS 0) SELECT 1
;;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) SELECT count(*) FROM tree
;;
EXPLAIN (ANALYZE true, BUFFERS, TIMING, SUMMARY, SETTINGS, WAL, VERBOSE) SELECT count(*) FROM many WHERE false /* volatile */
;;
EXPLAIN ANALYZE SELECT 1 /* volatile */
;;
EXPLAIN ANALYZE VERBOSE SELECT count(*) FROM orders /* volatile */
;;
EXPLAIN VERBOSE SELECT name FROM tree
;;
EXPLAIN (COSTS OFF) WITH x AS (SELECT 1) SELECT * FROM x
;;
EXPLAIN (COSTS OFF) VALUES (1)
;;
EXPLAIN (COSTS OFF, ANALYZE OFF) UPDATE orders SET note = 'x' WHERE id = 1
;;
EXPLAIN (COSTS OFF) DELETE FROM orders WHERE id = 1
;;
EXPLAIN (COSTS OFF) INSERT INTO orders (customer_id) VALUES (1)
;;
EXPLAIN (COSTS OFF) DECLARE c CURSOR FOR SELECT 1
;;
COPY tree TO STDOUT
;;
COPY tree (id, name) TO STDOUT WITH (FORMAT csv, HEADER, DELIMITER ';', QUOTE '"', FORCE_QUOTE *)
;;
COPY (SELECT * FROM orders ORDER BY id LIMIT 3) TO STDOUT
;;
COPY (SELECT id, name FROM tree ORDER BY id) TO STDOUT CSV HEADER
;;
COPY (SELECT id FROM tree ORDER BY id) TO STDOUT BINARY
;;
COPY (SELECT id FROM tree ORDER BY id) TO STDOUT (FORMAT binary)
;;
COPY (VALUES (1,NULL),(2,'x')) TO STDOUT WITH NULL AS 'NIL' DELIMITER AS '|'
;;
COPY (TABLE tree) TO STDOUT (FORMAT text, ENCODING 'UTF8')
;;
COPY (WITH x AS (SELECT 1 AS a) SELECT * FROM x) TO STDOUT
;;
COPY public.customers (id, name, doc, h) TO stdout
;;
COPY (SELECT * FROM active ORDER BY id LIMIT 2) TO STDOUT WITH CSV FORCE QUOTE name
;;
SHOW server_version
;;
SHOW search_path
;;
SHOW TIME ZONE
;;
SHOW TRANSACTION ISOLATION LEVEL
;;
SHOW transaction_read_only
;;
SHOW SESSION AUTHORIZATION
;;
SHOW work_mem
;;
SHOW "timezone"
;;
SHOW pg_trgm.similarity_threshold
;;
SELECT name, setting FROM pg_settings WHERE name LIKE 'enable%' ORDER BY 1
;;
SELECT count(*) > 0 FROM pg_file_settings
;;
SELECT relname, n_live_tup FROM pg_stat_user_tables ORDER BY 1
;;
SELECT indexrelname FROM pg_stat_user_indexes WHERE idx_scan = 0 ORDER BY 1
;;
SELECT relname, heap_blks_read IS NOT NULL FROM pg_statio_user_tables ORDER BY 1
;;
SELECT table_name, column_name, data_type, is_nullable, column_default, character_maximum_length FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position
;;
SELECT tc.constraint_name, kcu.column_name, ccu.table_name FROM information_schema.table_constraints tc JOIN information_schema.key_column_usage kcu USING (constraint_schema, constraint_name) JOIN information_schema.constraint_column_usage ccu USING (constraint_schema, constraint_name) WHERE constraint_type = 'FOREIGN KEY' ORDER BY 1,2
;;
SELECT attname, n_distinct, most_common_vals::text FROM pg_stats WHERE tablename = 'orders' ORDER BY 1
;;
SELECT id, name FROM customers WHERE id = 1 AND NOT flag IS DISTINCT FROM false
;;
SELECT pg_get_viewdef('public.active'::regclass, true), 'public.orders'::regclass, 'add1'::regproc, 'add1(int)'::regprocedure, 'int'::regtype, 'postgres'::regrole, 'public'::regnamespace, 'english'::regconfig, '"C"'::regcollation, '+(int,int)'::regoperator
;;
SELECT 'orders_id_seq'::regclass, last_value FROM orders_id_seq
;;
SELECT currval('seq1') WHERE false
;;
SELECT to_tsquery('english', 'fat' || ' & ' || 'rat'), 'fat & rat'::tsquery @@ 'fat rat'::tsvector
;;
SELECT @ -5.0, |/ 4, -(-1), +1, NOT true, 1 = 1 AND 2 = 2 OR false, 5 !~~ 5::text FROM (SELECT 1) s WHERE false
;;
SELECT lower('A') = ANY (SELECT lower(name) FROM tree), 2 ^ 3 ^ 2, 1 + 2 * 3 - 4 / 2 % 3
;;
SELECT * FROM (SELECT 1 AS a) AS t, (VALUES (1), (2)) AS v (b) WHERE t.a = v.b
;;
SELECT * FROM (SELECT 1 AS a)
;;
SELECT t.* FROM tree t WHERE t.* IS NOT NULL ORDER BY t.*
;;
SELECT t FROM tree t WHERE t = (1, NULL, 'root')::tree
;;
SELECT (t).name, t.id, public.tree.id FROM tree t, public.tree WHERE t.id = tree.id ORDER BY 2 LIMIT 1
;;
SELECT array_agg(t ORDER BY id) FROM (SELECT id, name FROM tree) t
;;
SELECT unnest(ARRAY[1,2]), unnest(ARRAY['a','b','c'])
;;
SELECT generate_series(1,3) AS a, generate_series(1,2) AS b
;;
SELECT LOCALTIME IS NULL, CURRENT_ROLE = CURRENT_USER, SESSION_USER = USER
;;
SELECT 1/0
;;
SELECT 'x'::int
;;
SELECT * FROM tree WHERE id = 'abc'
;;
SELECT DISTINCT ON (status) o.*, rank() OVER (PARTITION BY status ORDER BY total DESC) AS r FROM orders o ORDER BY status, total DESC
;;
SELECT c.id, c.name, x.* FROM customers c, JSONB_TO_RECORD(c.doc) AS x(n int, a jsonb) WHERE c.id < 3 ORDER BY 1
;;
SELECT json_value(doc, '$.n'), json_query(doc, '$.a'), json_exists(doc, '$.o.k') FROM customers ORDER BY id LIMIT 2
;;
SELECT jt.* FROM customers, JSON_TABLE(doc, '$.a[*]' COLUMNS (i FOR ORDINALITY, v int PATH '$', e int EXISTS PATH '$.x', NESTED PATH '$.y' COLUMNS (z text PATH '$'))) AS jt WHERE id < 3 ORDER BY 1,2
;;
SELECT json_object('a': 1, 'b': 2 ABSENT ON NULL WITH UNIQUE KEYS RETURNING jsonb), json_array(1, 2, NULL NULL ON NULL), json_objectagg(id: name) , json_arrayagg(name ORDER BY id RETURNING jsonb) FROM tree
;;
SELECT '{"a":1}' IS JSON, '[1]' IS JSON ARRAY, '{}' IS JSON OBJECT WITH UNIQUE KEYS, '1' IS NOT JSON SCALAR, json('{"a":1}'), json_scalar(1), json_serialize('{"a":1}' RETURNING text)
;;
SELECT any_value(status), min(ROW(id, note)), max(ARRAY[id]) FROM orders
;;
SELECT to_char(total, 'FM9999.00'), total::money, round(total, -1), total % 7, -total FROM orders ORDER BY id LIMIT 2
;;
SELECT * FROM generate_series(1, 10) WITH ORDINALITY AS t(v, n) WHERE n % 2 = 0
;;
SELECT sum(total) FILTER (WHERE status = 'new') OVER (ORDER BY id ROWS 2 PRECEDING), first_value(id) OVER (PARTITION BY status ORDER BY id RANGE UNBOUNDED PRECEDING EXCLUDE GROUP) FROM orders ORDER BY id LIMIT 3
;;
WITH RECURSIVE cal(d) AS (SELECT date '2026-01-01' UNION ALL SELECT d + 1 FROM cal WHERE d < '2026-01-10'), agg AS (SELECT at::date AS d, count(*) AS n, sum(total) AS t FROM orders GROUP BY 1) SELECT cal.d, coalesce(n, 0), sum(coalesce(t, 0)) OVER (ORDER BY cal.d), avg(coalesce(t,0)) OVER (ORDER BY cal.d ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM cal LEFT JOIN agg USING (d) ORDER BY 1
;;
WITH cohort AS (SELECT customer_id, date_trunc('week', min(at)) AS w FROM orders GROUP BY 1), act AS (SELECT o.customer_id, c.w, extract(day FROM o.at - c.w)::int / 7 AS k FROM orders o JOIN cohort c USING (customer_id)) SELECT w, k, count(DISTINCT customer_id) FROM act GROUP BY 1, 2 ORDER BY 1, 2
;;
SELECT width_bucket(total, 0, 300, 10) AS b, count(*), repeat('*', (count(*)/5)::int) FROM orders GROUP BY 1 ORDER BY 1
;;
SELECT n.nspname, c.relname, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = 'public.orders'::regclass::oid
;;
SELECT customers FROM customers WHERE id = 1
;;
SELECT (SELECT o FROM orders o WHERE id = 1).note, (array_agg(o ORDER BY id))[1].id FROM orders o
;;
SELECT row_to_json(c.*)->>'name', (c).p.b, c.p::text FROM customers c WHERE c.id = 2
;;
SELECT * FROM customers c WHERE (c.p).a = 3 OR c.p = (4,'p4')::pair ORDER BY id
;;
SELECT id FROM customers WHERE mail LIKE 'c1%' AND mail ~ '^c' AND mail <> 'x@y' ORDER BY mail, id LIMIT 2
;;
SELECT id FROM nests WHERE d = 'd@e.f' AND d::text ILIKE '%E%' AND lower(d) = 'd@e.f' ORDER BY id LIMIT 1
;;
SELECT qty + 1, qty * price, sum(qty) OVER () FROM items WHERE qty BETWEEN 1 AND 2 ORDER BY order_id, pos LIMIT 2
;;
SELECT upper(mail::text), mail || 'x', length(mail), coalesce(mail, 'none@x'), CASE mail WHEN 'c1@example.org' THEN 1 ELSE 2 END, NULLIF(mail, 'c1@example.org') FROM customers ORDER BY id LIMIT 2
;;
SELECT pn + 1, pn::text, pn::int = 3, max(pn), ARRAY[pn], pn IN (1,2) FROM customers GROUP BY pn ORDER BY pn LIMIT 2
;;
SELECT h -> 'k' AS k, h ? 'k', t ~ 'top.*', t <@ 'top', ci = 'MIXED1', loc <-> point(0,0), ip << '10.0.0.0/8', r @> 5, tsv @@ 'common', x::text, bx @> loc FROM customers ORDER BY loc <-> point(0,0) LIMIT 2
;;
SELECT id FROM customers ORDER BY name <-> 'Customer 5', id LIMIT 3
;;
SELECT a.attname, a.atttypid::regtype, a.attrelid::regclass, a.attnum FROM pg_attribute a WHERE a.attrelid = '"Weird Schema"."Select"'::regclass ORDER BY attnum
;;
SELECT xpath('/a/@b', x), (xpath('//text()', x))[1]::text FROM customers WHERE x IS DOCUMENT ORDER BY id LIMIT 1
;;
SELECT string_agg(c, '' ORDER BY c) FROM regexp_split_to_table('hello', '') AS c
;;
SELECT timezone('Europe/Berlin', at), at AT TIME ZONE 'UTC' AT TIME ZONE 'Asia/Tokyo', at AT TIME ZONE interval '-03:00', extract(timezone FROM at), date_part('dow', at), at::time, at::date - 1, age(at, '2025-01-01'), at > 'yesterday', at + make_interval(hours => id) FROM orders ORDER BY id LIMIT 2
;;
SELECT * FROM pg_get_function_arguments('looper'::regproc::oid), pg_get_function_result('looper'::regproc)
;;
SELECT i.*, o FROM items i LEFT JOIN orders o ON (i.order_id = o.id AND o.total IS NOT NULL) WHERE (i.order_id, i.pos) = ANY (ARRAY[(1,1),(2,2)]) ORDER BY 1, 2
;;
SELECT t1.id FROM tree t1 WHERE NOT EXISTS (SELECT FROM tree t2 WHERE t2.parent = t1.id) AND t1.id = ANY (ARRAY(SELECT id FROM tree)) ORDER BY 1
;;
SELECT 'a' "x", 'b' x2, 1 "Weird Col!", 2 AS "select" FROM tree "T" WHERE "T"."id" = 1
;;
SELECT count(*) FROM public.orders AS o TABLESAMPLE BERNOULLI (100) REPEATABLE (1)
;;
SELECT * FROM ONLY events, ONLY (animals) WHERE false
;;
SELECT * FROM (TABLE tree) AS t (a, b) ORDER BY a
;;
SELECT * FROM (SELECT 1 AS a UNION SELECT 2) u INTERSECT SELECT 2
;;
SELECT 1 WHERE true AND (SELECT true) AND NOT false IS NULL IS FALSE
;;
SELECT grouping(a), a FROM (VALUES (1),(2)) v(a) GROUP BY ROLLUP ((a)) ORDER BY 2
;;
SELECT pg_catalog.array_to_string(ARRAY(SELECT pg_catalog.format_type(t, NULL) FROM unnest(ARRAY[23,25]::oid[]) t), ', ')
;;
SELECT E'\\x41'::bytea, '\x41'::bytea || E'\\102', U&'\0041' || 'b', 'it''s', E'it\'s', $q$it's$q$, N'nat', B'1', x'F'
;;
SELECT 1 AS "a""b", 'tab	in', 'ünïcode', '日本語', '🙂', U&"\0441" FROM (SELECT 1 AS "с") z
;;
SELECT num_nulls(VARIADIC ARRAY[1,NULL]), concat(VARIADIC ARRAY['a','b']), format('%s-%s', VARIADIC ARRAY['x','y']), greatest(VARIADIC_x) FROM (SELECT 1 AS VARIADIC_x) q
;;
SELECT pg_input_is_valid('12', 'integer'), pg_input_is_valid('x', 'numeric(5,2)'), pg_input_is_valid('{1,2}', 'int[]'), pg_input_is_valid('sad', 'mood'), pg_input_is_valid('a@b', 'email')
;;
SELECT * FROM pg_input_error_info('42000000000', 'integer')
;;
SELECT array_sort(ARRAY[3,1,2]), array_reverse(ARRAY[1,2]), casefold('ß'), crc32('abc'), uuid_extract_version(uuidv7()), reverse('\x0102'::bytea), gamma(5), random(1, 1)
;;
SELECT has_table_privilege('orders'::regclass, 'SELECT WITH GRANT OPTION'), pg_relation_is_updatable('active'::regclass, true), pg_column_is_updatable('orders'::regclass, 1::smallint, false), pg_get_replica_identity_index('orders'::regclass)
;;
EXPLAIN (GENERIC_PLAN, COSTS OFF) SELECT * FROM orders WHERE id = $1
;;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF, SERIALIZE TEXT, MEMORY OFF) SELECT 1
;;
SELECT m, m::text, m > 'sad', count(*) FROM customers GROUP BY 1 ORDER BY 1
;;
