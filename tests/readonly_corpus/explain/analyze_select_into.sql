-- refused: EXPLAIN: SELECT INTO
-- from: R7

EXPLAIN ANALYZE SELECT 1 AS a INTO public.stolen
