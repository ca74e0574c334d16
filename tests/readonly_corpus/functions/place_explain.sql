-- refused: the call stands at a place of its own: explain
-- from: R8

EXPLAIN SELECT public.writes_immutable()
