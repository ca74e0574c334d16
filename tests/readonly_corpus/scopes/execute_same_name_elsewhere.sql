-- refused: the same name in another schema
-- scopes: execute:public.count_orders
-- from: R15

SELECT shadow.count_orders()
