-- refused: a call: a body of RETURN calls
-- from: R10

SELECT public.writes_return()
