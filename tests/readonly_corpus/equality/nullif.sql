-- refused: an equality of composites that writes, found by nullif by operator
-- from: 1.7 (8)

SELECT nullif(home, home) FROM public.accounts
