-- refused: EXPLAIN ANALYZE of another table
-- scopes: update:public.granted
-- from: R15

EXPLAIN ANALYZE UPDATE public.other SET note = 'x'
