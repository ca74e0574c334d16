-- refused: a function of the server or of an extension that does more than compute: stat reset table
-- from: R11

SELECT pg_stat_reset_single_table_counters('public.orders'::regclass)
