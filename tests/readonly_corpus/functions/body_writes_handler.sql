-- refused: an exception handler calls
-- from: R10

SELECT public.writes_handler()
