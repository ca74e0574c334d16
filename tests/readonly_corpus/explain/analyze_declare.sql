-- refused: EXPLAIN: a cursor
-- from: R7

EXPLAIN ANALYZE DECLARE c CURSOR FOR SELECT public.writes()
