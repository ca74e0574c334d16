-- refused: an equality of composites that writes, found by in a body
-- from: 1.7 (8)

SELECT public.homes()
