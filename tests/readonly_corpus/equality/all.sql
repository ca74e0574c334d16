-- refused: an equality of composites that writes, found by all
-- from: 1.7 (8)

SELECT 1 FROM public.accounts WHERE home = ALL (SELECT home FROM public.accounts)
