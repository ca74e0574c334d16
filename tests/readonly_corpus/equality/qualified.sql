-- refused: an equality of composites that writes, found by qualified
-- from: 1.7 (8)

SELECT home OPERATOR(public.=) home FROM public.accounts
