-- refused: the call stands at a place of its own: is distinct
-- from: R8

SELECT 1 IS DISTINCT FROM public.writes()
