-- refused: the call stands at a place of its own: collate
-- from: R8

SELECT (public.writes()::text) COLLATE "C"
