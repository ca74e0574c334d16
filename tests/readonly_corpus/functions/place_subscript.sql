-- refused: the call stands at a place of its own: subscript
-- from: R8

SELECT (ARRAY[1, 2])[public.writes()]
