-- refused: a statement that writes, defines, instructs or tells others: vacuum full
-- from: 1.3

VACUUM (FULL, ANALYZE) public.orders
