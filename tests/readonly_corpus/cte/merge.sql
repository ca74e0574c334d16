-- refused: a CTE that writes: a CTE merges
-- since: 17
-- from: R7

WITH w AS (MERGE INTO sales.leads l USING public.accounts a ON a.id = l.id WHEN MATCHED THEN DELETE RETURNING l.id) SELECT * FROM w
