-- refused: the CTE is not what UPDATE writes
-- from: R7

WITH orders AS (SELECT 1 AS id) UPDATE orders SET note = 'stolen'
