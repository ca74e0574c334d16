-- refused: the call stands at a place of its own: slice
-- from: R8

SELECT (ARRAY[1, 2])[1:public.writes()]
