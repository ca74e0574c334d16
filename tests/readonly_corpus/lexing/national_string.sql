-- refused: lexing: N is no E
-- from: R13

SELECT n'\'; INSERT INTO public.victim VALUES (1); --'
