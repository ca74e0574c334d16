-- refused: a view that does more: its plan
-- from: R9

EXPLAIN SELECT * FROM public.writes_view
