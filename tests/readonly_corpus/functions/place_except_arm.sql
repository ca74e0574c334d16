-- refused: the call stands at a place of its own: except arm
-- from: R8

SELECT 1 EXCEPT (SELECT 2 INTERSECT SELECT public.writes())
