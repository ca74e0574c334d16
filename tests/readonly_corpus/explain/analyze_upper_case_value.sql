-- refused: EXPLAIN: with a value
-- from: R7

EXPLAIN (ANALYZE TRUE, COSTS OFF) DELETE FROM sales.leads
