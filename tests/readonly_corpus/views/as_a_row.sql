-- refused: a view that does more: as a whole row
-- from: R9

SELECT v FROM public.writes_view v
