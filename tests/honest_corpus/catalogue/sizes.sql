-- passes: what tools ask of the catalogue: sizes

SELECT relname, pg_relation_size(oid) >= 0, pg_size_pretty(pg_total_relation_size(oid)) IS NOT NULL FROM pg_class WHERE relname = 'orders' ORDER BY relnamespace
