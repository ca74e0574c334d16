-- refused: a view that does more: with an alias
-- from: R9

SELECT o.a FROM public.writes_view AS o (a)
