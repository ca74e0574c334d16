-- refused: the view calls a function that writes
-- from: R9

SELECT * FROM public.writes_view
