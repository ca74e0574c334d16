-- refused: an equality of composites that writes, found by natural join
-- from: 1.7 (8)

SELECT 1 FROM (SELECT home FROM public.accounts) a NATURAL JOIN (SELECT home FROM public.accounts) b
