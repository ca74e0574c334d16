-- refused: a CTE that writes: a CTE deletes
-- from: R7 [bytebase 20631, 20645]

WITH w AS (DELETE FROM sales.leads RETURNING *) TABLE w
