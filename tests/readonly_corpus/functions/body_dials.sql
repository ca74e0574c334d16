-- refused: a call: the body dials by dblink
-- from: R10

SELECT public.dials()
