-- refused: the default of an argument calls
-- from: R10

SELECT public.writes_default()
