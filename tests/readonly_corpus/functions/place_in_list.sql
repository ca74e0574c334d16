-- refused: the call stands at a place of its own: in list
-- from: R8

SELECT 1 IN (2, public.writes())
