-- refused: a CTE that writes: beside a recursive one
-- from: R7

WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 2), w AS (INSERT INTO public.victim SELECT n FROM r RETURNING id) SELECT * FROM w
