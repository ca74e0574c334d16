-- refused: the call stands at a place of its own: row
-- from: R8

SELECT ROW(1, public.writes())
