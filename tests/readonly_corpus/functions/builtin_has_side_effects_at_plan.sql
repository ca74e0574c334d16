-- refused: a function of the server or of an extension that does more than compute: has side effects at plan
-- from: R11

EXPLAIN SELECT * FROM public.orders WHERE id = nextval('public.tickets')
