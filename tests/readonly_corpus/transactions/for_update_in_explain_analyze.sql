-- refused: EXPLAIN ANALYZE runs the lock

EXPLAIN ANALYZE SELECT * FROM public.orders FOR UPDATE
