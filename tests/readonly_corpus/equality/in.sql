-- refused: an equality of composites that writes, found by in by operator
-- from: 1.7 (8)

SELECT home IN (home) FROM public.accounts
