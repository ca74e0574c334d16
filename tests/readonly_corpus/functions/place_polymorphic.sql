-- refused: the call stands at a place of its own: polymorphic
-- from: R8

SELECT public.writes_any(NULL::text)
