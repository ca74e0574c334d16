-- refused: an equality of composites that writes, found by any
-- from: 1.7 (8)

SELECT home = ANY (ARRAY[home]) FROM public.accounts
