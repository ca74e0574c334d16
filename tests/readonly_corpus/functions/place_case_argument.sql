-- refused: the call stands at a place of its own: case argument
-- from: R8

SELECT CASE public.writes() WHEN 1 THEN 1 END
