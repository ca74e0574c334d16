-- refused: the call stands at a place of its own: array
-- from: R8

SELECT ARRAY[1, public.writes()]
