-- refused: the lock is inside of a CTE
-- from: R16

WITH o AS (SELECT id FROM public.orders FOR SHARE SKIP LOCKED) SELECT count(*) FROM o
