-- refused: the call stands at a place of its own: scalar subquery
-- from: R8

SELECT (SELECT public.writes())
