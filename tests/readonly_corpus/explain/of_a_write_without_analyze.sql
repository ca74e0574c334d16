-- passes: the plan of a write is made, and nothing is run
-- from: R7

EXPLAIN UPDATE public.orders SET note = 'stolen' WHERE id = 1
