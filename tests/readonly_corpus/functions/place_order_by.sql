-- refused: the call stands at a place of its own: order by
-- from: R8

SELECT 1 ORDER BY public.writes()
