-- refused: EXPLAIN: ANALYZE runs it
-- from: R7

EXPLAIN ANALYZE INSERT INTO public.victim VALUES (1)
