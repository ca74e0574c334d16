-- refused: lexing: the old named notation
-- from: R13

SELECT public.writes_one(a := 1)
