-- refused: a call: the argument of EXECUTE
-- from: R8

PREPARE p (int) AS SELECT $1
-- next message
EXECUTE p(public.writes())
