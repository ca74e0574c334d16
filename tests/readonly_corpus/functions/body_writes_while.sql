-- refused: the condition of WHILE is evaluated
-- from: R10

SELECT public.writes_while()
