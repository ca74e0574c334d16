-- refused: a transaction: a scalar subquery locks
-- from: R16

SELECT (SELECT id FROM public.orders WHERE id = 1 FOR UPDATE)
