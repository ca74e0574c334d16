-- refused: the call stands at a place of its own: between
-- from: R8

SELECT 1 BETWEEN 0 AND public.writes()
