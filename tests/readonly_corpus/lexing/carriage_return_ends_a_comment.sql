-- refused: lexing: -- ends at a lone CR
-- from: R13
-- percent

SELECT 1 -- %0D; INSERT INTO public.victim VALUES (1)
