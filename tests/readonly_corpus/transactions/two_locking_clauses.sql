-- refused: the first clause is harmless, the second is not

SELECT 1 FROM public.accounts a, public.orders o FOR KEY SHARE OF a FOR UPDATE OF o
