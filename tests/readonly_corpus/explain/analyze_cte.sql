-- refused: EXPLAIN: over a CTE
-- from: R7

EXPLAIN ANALYZE WITH w AS (DELETE FROM sales.leads RETURNING 1) SELECT * FROM w
