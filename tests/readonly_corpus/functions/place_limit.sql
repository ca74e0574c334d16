-- refused: the call stands at a place of its own: limit
-- from: R8

SELECT 1 LIMIT public.writes()
