-- refused: COPY: in a CTE
-- from: R6, R7

COPY (WITH w AS (DELETE FROM sales.leads RETURNING 1) SELECT * FROM w) TO STDOUT
