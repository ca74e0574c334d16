-- refused: an equality of composites that writes, found by equality of composites
-- from: 1.7 (8)

SELECT ROW('a', 'b')::public.address = ROW('a', 'b')::public.address
