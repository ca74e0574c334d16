-- refused: EXPLAIN: of two the last one wins
-- from: R7

EXPLAIN (ANALYZE OFF, ANALYZE ON) DELETE FROM sales.leads
