-- refused: a CTE that writes: in parentheses
-- from: R7

((WITH w AS (DELETE FROM sales.leads RETURNING 1) SELECT * FROM w))
