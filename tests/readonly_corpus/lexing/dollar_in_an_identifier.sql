-- refused: a dollar inside of an identifier quotes nothing
-- from: R13

SELECT 1 AS a$b$c; INSERT INTO public.victim VALUES (1); SELECT 1 AS b$
