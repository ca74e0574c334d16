-- refused: the call stands at a place of its own: from
-- from: R8

SELECT * FROM public.writes()
