-- refused: a call: and put in place
-- since: 18
-- from: R11

SELECT pg_restore_relation_stats('schemaname', 'public', 'relname', 'orders', 'relpages', 99)
