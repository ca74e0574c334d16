-- refused: the call stands at a place of its own: operator argument
-- from: R8

SELECT 1 + public.writes()
