-- One call of every operator, cast, function and aggregate of pg_catalog for whose argument types
-- there is a sample, and a look at every system relation. Rows: the function's name, the text.
WITH sample (type, value) AS (VALUES
    ('bool', 'true'), ('int2', '5'), ('int4', '7'), ('int8', '9'), ('float4', '1.5'), ('float8', '2.5'),
    ('numeric', '3.25'), ('text', 'abc'), ('varchar', 'abc'), ('bpchar', 'abc'), ('char', 'c'), ('name', 'abc'),
    ('bytea', '\xdeadbeef'), ('date', '2026-01-02'), ('time', '10:11:12'), ('timetz', '10:11:12+02'),
    ('timestamp', '2026-01-02 03:04:05'), ('timestamptz', '2026-01-02 03:04:05+00'), ('interval', '1 day 02:03:04'),
    ('json', '{"a":[1,2]}'), ('jsonb', '{"a":[1,2]}'), ('jsonpath', '$.a'), ('point', '(1,2)'), ('line', '{1,2,3}'),
    ('lseg', '[(0,0),(1,1)]'), ('box', '(1,1),(0,0)'), ('path', '[(0,0),(1,1)]'), ('polygon', '((0,0),(1,1),(1,0))'),
    ('circle', '<(0,0),1>'), ('inet', '10.0.0.1/24'), ('cidr', '10.0.0.0/8'), ('macaddr', '08:00:2b:01:02:03'),
    ('macaddr8', '08:00:2b:01:02:03:04:05'), ('bit', '1'), ('varbit', '101'),
    ('uuid', '00000000-0000-4000-8000-000000000001'), ('xml', '<a>1</a>'), ('money', '12.34'), ('oid', '1259'),
    ('regclass', 'pg_class'), ('regproc', 'pi'), ('regprocedure', 'abs(integer)'), ('regoper', '!~'),
    ('regoperator', '+(integer,integer)'), ('regtype', 'integer'), ('regrole', 'postgres'),
    ('regnamespace', 'pg_catalog'), ('regcollation', '"C"'), ('regconfig', 'english'), ('regdictionary', 'simple'),
    ('tsvector', 'a:1 b:2'), ('tsquery', 'a & b'), ('int4range', '[1,5)'), ('int8range', '[1,5)'), ('numrange', '[1,5)'),
    ('daterange', '[2026-01-01,2026-02-01)'), ('tsrange', '[2026-01-01,2026-02-01)'),
    ('tstzrange', '[2026-01-01,2026-02-01)'), ('int4multirange', '{[1,5)}'), ('int8multirange', '{[1,5)}'),
    ('nummultirange', '{[1,5)}'), ('datemultirange', '{[2026-01-01,2026-02-01)}'),
    ('tsmultirange', '{[2026-01-01,2026-02-01)}'), ('tstzmultirange', '{[2026-01-01,2026-02-01)}'),
    ('pg_lsn', '0/16B3748'), ('xid', '5'), ('xid8', '5'), ('cid', '1'), ('tid', '(0,1)'),
    ('txid_snapshot', '10:20:10,14'), ('pg_snapshot', '10:20:10,14'), ('oidvector', '1 2'), ('int2vector', '1 2'),
    ('aclitem', 'postgres=r/postgres'), ('refcursor', 'c')
), literal (oid, name, text) AS (
    SELECT t.oid, t.typname::text, quote_literal(value) || '::pg_catalog.' || quote_ident(t.typname)
    FROM sample JOIN pg_catalog.pg_type t ON t.typname = type AND t.typnamespace = 'pg_catalog'::regnamespace
    UNION ALL
    SELECT t.typarray, '_' || t.typname,
        'ARRAY[' || quote_literal(value) || ']::pg_catalog.' || quote_ident(t.typname) || '[]'
    FROM sample JOIN pg_catalog.pg_type t ON t.typname = type AND t.typnamespace = 'pg_catalog'::regnamespace
    UNION ALL
    SELECT t.oid, t.typname::text, made FROM (VALUES ('anyelement', '7'), ('anycompatible', '7'), ('anynonarray', '7'),
        ('anycompatiblenonarray', '7'), ('anyarray', 'ARRAY[1,2,3]'), ('anycompatiblearray', 'ARRAY[1,2,3]'),
        ('anyenum', '''ok''::public.mood'), ('anyrange', 'int4range(1,5)'), ('anycompatiblerange', 'int4range(1,5)'),
        ('anymultirange', '''{[1,5)}''::int4multirange'), ('anycompatiblemultirange', '''{[1,5)}''::int4multirange'),
        ('record', 'ROW(1,''a'')'), ('any', '7'), ('cstring', '''abc''')) poly (type, made)
    JOIN pg_catalog.pg_type t ON t.typname = type AND t.typnamespace = 'pg_catalog'::regnamespace
), call (name, kind, setof, arguments) AS (
    SELECT p.proname::text, p.prokind, p.proretset,
        coalesce((SELECT string_agg(l.text, ', ' ORDER BY n)
            FROM unnest(p.proargtypes) WITH ORDINALITY a (type, n) JOIN literal l ON l.oid = a.type), '')
    FROM pg_catalog.pg_proc p
    WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind IN ('f', 'a', 'w') AND p.proname !~ '^pg_sleep'
        AND p.prorettype NOT IN ('internal'::regtype, 'trigger'::regtype, 'event_trigger'::regtype)
        AND p.pronargs = (SELECT count(*) FROM unnest(p.proargtypes) a (type) JOIN literal l ON l.oid = a.type)
)
SELECT '', format('SELECT %s %s %s AS v', l.text, o.oprname, r.text)
FROM pg_catalog.pg_operator o JOIN literal r ON r.oid = o.oprright LEFT JOIN literal l ON l.oid = o.oprleft
WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND (o.oprleft = 0 OR l.text IS NOT NULL)
UNION ALL
SELECT '', format('SELECT (%s)::pg_catalog.%I, CAST(%1$s AS pg_catalog.%2$I)', s.text, t.typname)
FROM pg_catalog.pg_cast c JOIN literal s ON s.oid = c.castsource JOIN pg_catalog.pg_type t ON t.oid = c.casttarget
WHERE t.typnamespace = 'pg_catalog'::regnamespace
UNION ALL
SELECT '', format('SELECT pg_catalog.%I %L, ARRAY[%2$L::pg_catalog.%1$I, NULL], to_json(%2$L::pg_catalog.%1$I)', type, value)
FROM sample
UNION ALL
SELECT name, CASE
    WHEN kind = 'w' THEN format('SELECT pg_catalog.%I(%s) OVER (ORDER BY g) FROM generate_series(1,3) g', name, arguments)
    WHEN kind = 'a' THEN format('SELECT pg_catalog.%I(%s) FROM generate_series(1,3) g', name, arguments)
    WHEN setof THEN format('SELECT * FROM pg_catalog.%I(%s) AS f LIMIT 20', name, arguments)
    ELSE format('SELECT pg_catalog.%I(%s) AS v', name, arguments) END
FROM call
UNION ALL
SELECT '', format('SELECT * FROM %s LIMIT 5', c.oid::regclass)
FROM pg_catalog.pg_class c WHERE relkind IN ('r', 'v')
    AND relnamespace IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
