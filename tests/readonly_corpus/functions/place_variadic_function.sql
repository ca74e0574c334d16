-- refused: the call stands at a place of its own: variadic function
-- from: R8

SELECT public.writes_many(1, 2, 3)
