-- refused: an equality of composites that writes, found by row wise
-- from: 1.7 (8)

SELECT (1, home) = (1, home) FROM public.accounts
