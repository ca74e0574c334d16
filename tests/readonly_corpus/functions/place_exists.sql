-- refused: the call stands at a place of its own: exists
-- from: R8

SELECT EXISTS (SELECT public.writes())
