-- refused: no function stands in the statement
-- from: R9

SELECT * FROM public.far_away
