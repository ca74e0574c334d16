-- refused: EXPLAIN: with a number
-- from: R7

EXPLAIN (ANALYZE 1) DELETE FROM sales.leads
