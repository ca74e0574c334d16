-- passes: EXPLAIN of reads: of an update

EXPLAIN (COSTS off) SELECT id FROM orders WHERE note = 'x' AND amount > 5
