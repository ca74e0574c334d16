-- refused: the start value of a variable calls
-- from: R10

SELECT public.writes_declared()
