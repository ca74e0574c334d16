-- refused: EXPLAIN: the old order of words
-- from: R7

EXPLAIN ANALYZE VERBOSE UPDATE public.orders SET note = 'stolen'
