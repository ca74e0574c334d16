-- refused: EXPLAIN: of a prepared write
-- from: R7

PREPARE p AS INSERT INTO public.victim VALUES (1)
-- next message
EXPLAIN ANALYZE EXECUTE p
