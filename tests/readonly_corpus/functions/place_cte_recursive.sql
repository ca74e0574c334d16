-- refused: the call stands at a place of its own: cte recursive
-- from: R8

WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT public.writes_one(n) + n FROM r WHERE n < 2) SELECT * FROM r
