-- refused: the call stands at a place of its own: out parameter
-- from: R8

SELECT * FROM public.writes_out()
