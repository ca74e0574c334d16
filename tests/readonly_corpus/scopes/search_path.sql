-- refused: the path decides which table is meant
-- scopes: update:public.granted
-- from: R15

SET search_path = shadow, sales
-- next message
UPDATE orders SET note = 'x'
