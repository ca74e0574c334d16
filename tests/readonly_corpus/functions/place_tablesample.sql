-- refused: the call stands at a place of its own: tablesample
-- from: R8

SELECT * FROM public.orders TABLESAMPLE bernoulli (public.writes())
