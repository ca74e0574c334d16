-- refused: an equality of composites that writes, found by in a view
-- from: 1.7 (8)

SELECT * FROM public.homes_view
