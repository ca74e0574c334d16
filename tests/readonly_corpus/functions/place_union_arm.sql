-- refused: the call stands at a place of its own: union arm
-- from: R8

SELECT 1 UNION ALL SELECT public.writes()
