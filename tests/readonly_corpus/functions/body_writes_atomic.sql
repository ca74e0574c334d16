-- refused: a body of BEGIN ATOMIC writes
-- from: R10

SELECT public.writes_atomic()
