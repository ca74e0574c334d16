-- refused: a cursor over a CTE that deletes
-- from: R7

BEGIN
-- next message
DECLARE c CURSOR FOR WITH w AS (DELETE FROM sales.leads RETURNING 1) SELECT * FROM w
-- next message
FETCH c
-- next message
COMMIT
