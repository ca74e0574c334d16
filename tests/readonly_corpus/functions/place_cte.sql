-- refused: the call stands at a place of its own: cte
-- from: R8

WITH w AS MATERIALIZED (SELECT public.writes()) SELECT 1 FROM w
