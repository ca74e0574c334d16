-- refused: only one of the joined tables is locked
-- from: R16

SELECT 1 FROM public.orders o JOIN public.accounts a ON a.id = o.account_id FOR UPDATE OF a NOWAIT
