-- refused: the lock is inside of a subquery
-- from: R16

SELECT * FROM (SELECT id FROM public.orders LIMIT 1 FOR UPDATE) o
