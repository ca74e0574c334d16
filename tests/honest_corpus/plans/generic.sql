-- passes: EXPLAIN of reads: generic
-- since: 16

EXPLAIN (GENERIC_PLAN, COSTS off) SELECT * FROM orders WHERE id = $1
