-- refused: beyond the scope: a view of another table
-- scopes: select:public.orders
-- from: R15

SELECT * FROM public.open_orders
