-- passes: EXPLAIN ANALYZE of a read
-- from: R12

EXPLAIN (ANALYZE, BUFFERS) SELECT * FROM public.orders ORDER BY id
