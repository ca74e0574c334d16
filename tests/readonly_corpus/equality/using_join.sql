-- refused: an equality of composites that writes, found by using join
-- from: 1.7 (8)

SELECT 1 FROM public.accounts a JOIN public.accounts b USING (home)
