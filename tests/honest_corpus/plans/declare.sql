-- passes: EXPLAIN of reads: declare

EXPLAIN (COSTS off) DECLARE c CURSOR FOR SELECT 1
