-- refused: the call stands at a place of its own: offset
-- from: R8

SELECT 1 OFFSET public.writes()
