-- refused: beyond the scope: in a CTE
-- scopes: delete:public.granted
-- from: R15

WITH d AS (DELETE FROM public.granted RETURNING 1) SELECT count(*) FROM d
