-- refused: the call stands at a place of its own: from column definitions
-- from: R8

SELECT * FROM public.writes_table() AS t (b)
