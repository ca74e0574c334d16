-- refused: a CTE that writes: a CTE deletes
-- from: R7

WITH w AS (DELETE FROM sales.leads RETURNING *) TABLE w
