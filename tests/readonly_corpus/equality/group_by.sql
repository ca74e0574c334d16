-- refused: an equality of composites that writes, found by group by
-- from: 1.7 (8)

SELECT count(*) FROM public.accounts a, public.accounts b WHERE (a.home = b.home) IS NULL
