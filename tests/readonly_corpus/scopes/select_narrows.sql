-- refused: only what is named may be read
-- scopes: select:public.orders
-- from: R15

SELECT * FROM public.accounts
