-- refused: EXPLAIN: the British spelling
-- from: R7

EXPLAIN (ANALYSE) DELETE FROM sales.leads
