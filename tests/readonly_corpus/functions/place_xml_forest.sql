-- refused: the call stands at a place of its own: xml forest
-- from: R8

SELECT xmlforest(public.writes() AS a)
