-- refused: the call stands at a place of its own: cte unused
-- from: R8

WITH w AS (SELECT public.writes_immutable()) SELECT 1
