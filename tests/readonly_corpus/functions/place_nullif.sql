-- refused: the call stands at a place of its own: nullif
-- from: R8

SELECT nullif(1, public.writes())
