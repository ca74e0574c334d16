-- passes: EXPLAIN of reads: yaml

EXPLAIN (FORMAT yaml, COSTS off) VALUES (1)
