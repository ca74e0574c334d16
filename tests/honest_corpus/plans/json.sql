-- passes: EXPLAIN of reads: json

EXPLAIN (FORMAT json, COSTS off) SELECT * FROM open_orders
