-- refused: beyond the scope: in a sub-query, too
-- scopes: select:public.orders
-- from: R15

SELECT * FROM public.orders WHERE account_id IN (SELECT id FROM public.accounts)
