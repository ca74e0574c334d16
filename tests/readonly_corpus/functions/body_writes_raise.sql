-- refused: an argument of RAISE calls
-- from: R10

SELECT public.writes_raise()
