-- refused: the call stands at a place of its own: select list nested
-- from: R8

SELECT abs(abs(public.writes()))
