-- passes: settings and blocks of drivers, poolers and people: planner

SET enable_seqscan = off
-- next message
SET random_page_cost = 1.1
-- next message
EXPLAIN (COSTS off) SELECT * FROM orders WHERE id = 5
-- next message
RESET ALL
