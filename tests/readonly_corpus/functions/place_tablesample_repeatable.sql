-- refused: the call stands at a place of its own: tablesample repeatable
-- from: R8

SELECT * FROM public.orders TABLESAMPLE system (1) REPEATABLE (public.writes())
