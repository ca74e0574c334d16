-- refused: the call stands at a place of its own: row comparison
-- from: R8

SELECT (1, public.writes()) < (2, 3)
