-- refused: EXPLAIN: a materialised view
-- from: R7

EXPLAIN (ANALYZE) CREATE MATERIALIZED VIEW public.stolen AS SELECT 1
