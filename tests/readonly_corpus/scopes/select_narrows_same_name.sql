-- refused: the same name in another schema
-- scopes: select:public.orders
-- from: R15

SELECT * FROM sales.orders
