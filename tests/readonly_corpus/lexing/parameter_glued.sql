-- refused: lexing: junk after a parameter
-- from: R13

SELECT 1 WHERE 1=$1OR true; INSERT INTO public.victim VALUES (1)
