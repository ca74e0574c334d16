-- passes: lexing: all of it is a string
-- from: R13

SELECT E'\'; INSERT INTO public.victim VALUES (1); --'
