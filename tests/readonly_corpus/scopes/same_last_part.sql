-- refused: the same name in another schema
-- scopes: update:public.orders
-- from: R15

UPDATE sales.orders SET note = 'x'
