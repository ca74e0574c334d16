-- refused: row locks on another table
-- scopes: update:public.granted
-- from: R15

SELECT * FROM public.orders FOR UPDATE
