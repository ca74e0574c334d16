-- refused: the call stands at a place of its own: grouping set
-- from: R8

SELECT 1 FROM public.accounts GROUP BY GROUPING SETS ((public.writes_one(id)), ())
