-- refused: a CTE that writes: the second of three
-- from: R7 [bytebase 20631, 20645]

WITH a AS (SELECT 1), b AS (DELETE FROM sales.leads), c AS (SELECT 2) SELECT * FROM a, c
