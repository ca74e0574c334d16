-- refused: EXPLAIN: what can't be explained
-- from: R7

EXPLAIN ANALYZE REFRESH MATERIALIZED VIEW public.totals
