-- refused: the call stands at a place of its own: rows from with ordinality
-- from: R8

SELECT * FROM public.writes_rows() WITH ORDINALITY
