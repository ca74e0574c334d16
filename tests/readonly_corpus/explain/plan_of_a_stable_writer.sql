-- refused: the planner asks for an estimate
-- from: R7
-- since: 16

EXPLAIN (GENERIC_PLAN off) SELECT * FROM public.orders WHERE id = public.writes_stable()
