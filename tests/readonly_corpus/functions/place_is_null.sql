-- refused: the call stands at a place of its own: is null
-- from: R8

SELECT public.writes() IS NULL
