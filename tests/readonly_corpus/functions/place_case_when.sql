-- refused: the call stands at a place of its own: case when
-- from: R8

SELECT CASE WHEN public.writes() = 1 THEN 1 END
