-- refused: beside a CTE that has CTEs
-- from: R7

WITH a AS (WITH b AS (SELECT 1) SELECT * FROM b), d AS MATERIALIZED (DELETE FROM sales.leads RETURNING 1) SELECT 1 FROM a
