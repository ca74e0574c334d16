-- refused: the call stands at a place of its own: in subquery
-- from: R8

SELECT 1 IN (SELECT public.writes())
