-- refused: statistics are written since 18
-- since: 18
-- from: R11

SELECT pg_clear_relation_stats('public', 'orders')
