-- refused: an equality of composites that writes, found by distinct by operator
-- from: 1.7 (8)

SELECT home IS DISTINCT FROM home FROM public.accounts
