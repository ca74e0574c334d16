-- refused: a view that does more: two views down
-- from: R9

TABLE public.writes_above
