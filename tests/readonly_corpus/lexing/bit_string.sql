-- refused: lexing: bit strings
-- from: R13

SELECT b'0', x'f'; INSERT INTO public.victim VALUES (1)
