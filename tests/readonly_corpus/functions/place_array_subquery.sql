-- refused: the call stands at a place of its own: array subquery
-- from: R8

SELECT ARRAY(SELECT public.writes())
