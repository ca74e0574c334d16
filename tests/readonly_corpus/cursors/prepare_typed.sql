-- refused: with a parameter of a domain whose CHECK writes
-- from: R14b

PREPARE p (public.checked) AS SELECT $1
-- next message
EXECUTE p('x')
