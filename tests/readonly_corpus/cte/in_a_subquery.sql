-- refused: below the top level, which PostgreSQL refuses, too
-- from: R7

SELECT * FROM (WITH w AS (DELETE FROM sales.leads RETURNING 1) SELECT * FROM w) s
