-- refused: COPY: the same with UPDATE
-- from: R6, R7

COPY (UPDATE public.orders SET note = 'stolen' RETURNING id) TO STDOUT
