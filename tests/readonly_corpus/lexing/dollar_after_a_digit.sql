-- refused: lexing: junk after a number
-- from: R13

SELECT 1$a$; INSERT INTO public.victim VALUES (1) --$a$
