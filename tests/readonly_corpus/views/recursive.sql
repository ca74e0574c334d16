-- refused: a view that does more: a recursive view
-- from: R9

SELECT * FROM public.writes_recursive
