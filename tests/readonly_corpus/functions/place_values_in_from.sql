-- refused: the call stands at a place of its own: values in from
-- from: R8

SELECT * FROM (VALUES (public.writes())) v
