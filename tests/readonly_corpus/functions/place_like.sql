-- refused: the call stands at a place of its own: like
-- from: R8

SELECT 'a' LIKE (public.writes()::text)
