-- refused: the call stands at a place of its own: coalesce
-- from: R8

SELECT coalesce(NULL, public.writes())
