-- refused: the call stands at a place of its own: greatest
-- from: R8

SELECT greatest(1, public.writes())
