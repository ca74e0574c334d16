-- refused: a CTE that writes: a CTE updates
-- from: R7

WITH w AS (UPDATE public.orders SET note = 'stolen' RETURNING id) SELECT count(*) FROM w
