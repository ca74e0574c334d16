-- refused: the call stands at a place of its own: fetch first
-- from: R8

SELECT 1 FETCH FIRST (public.writes()) ROWS ONLY
