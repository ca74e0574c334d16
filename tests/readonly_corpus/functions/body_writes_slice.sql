-- refused: the array of FOREACH is evaluated
-- from: R10

SELECT public.writes_slice()
