-- passes: EXPLAIN of reads: plain

EXPLAIN (COSTS off) SELECT * FROM orders WHERE id = 1
