-- refused: a view that does more: in EXISTS
-- from: R9

SELECT EXISTS (SELECT FROM public.writes_above)
