-- refused: the same name in another schema
-- scopes: update:public.orders
-- from: R15 [pgcat table_access]

UPDATE sales.orders SET note = 'x'
