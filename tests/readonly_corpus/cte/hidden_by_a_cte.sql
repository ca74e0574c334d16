-- refused: a CTE has the name of the function
-- from: R7

WITH writes AS (SELECT 1) SELECT public.writes() FROM writes
