-- refused: EXPLAIN: ANALYZE as an option
-- from: R7

EXPLAIN (VERBOSE, ANALYZE) INSERT INTO public.victim VALUES (1)
