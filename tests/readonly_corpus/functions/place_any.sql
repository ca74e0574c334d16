-- refused: the call stands at a place of its own: any
-- from: R8

SELECT 1 = ANY (ARRAY[public.writes()])
