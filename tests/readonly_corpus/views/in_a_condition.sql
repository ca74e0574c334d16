-- refused: in a sub-query of the view
-- from: R9

SELECT * FROM public.writes_far
