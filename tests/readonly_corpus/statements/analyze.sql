-- refused: a statement that writes, defines, instructs or tells others: analyze
-- from: 1.3

ANALYZE public.orders
