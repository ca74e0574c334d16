-- refused: a CTE that writes: the second of three
-- from: R7

WITH a AS (SELECT 1), b AS (DELETE FROM sales.leads), c AS (SELECT 2) SELECT * FROM a, c
