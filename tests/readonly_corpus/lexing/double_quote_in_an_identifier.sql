-- refused: lexing: two quotes are one
-- from: R13

SELECT 1 AS "a"";"; INSERT INTO public.victim VALUES (1); --"
