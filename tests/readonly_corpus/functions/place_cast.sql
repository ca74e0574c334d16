-- refused: the call stands at a place of its own: cast
-- from: R8

SELECT public.writes()::text
