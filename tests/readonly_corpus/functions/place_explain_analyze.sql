-- refused: the call stands at a place of its own: explain analyze
-- from: R8

EXPLAIN (ANALYZE, COSTS off) SELECT public.writes()
