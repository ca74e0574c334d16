-- passes: strings and search: casts

SELECT '12'::int, CAST('1.5' AS numeric), '{1,2}'::int[], 't'::boolean, date '2026-01-01', interval '1 day 2 h', '(1,2)'::point, 'a'::"char", '12'::money
