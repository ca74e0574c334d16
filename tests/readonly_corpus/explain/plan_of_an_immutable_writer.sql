-- refused: without ANALYZE the planner runs it
-- from: R7

EXPLAIN SELECT * FROM public.orders WHERE id = public.writes_immutable()
