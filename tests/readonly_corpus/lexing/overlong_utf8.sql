-- refused: lexing: an overlong quote
-- percent
-- from: R13

SELECT '%C0%A7; INSERT INTO public.victim VALUES (1); --'
