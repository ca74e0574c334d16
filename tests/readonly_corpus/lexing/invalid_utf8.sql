-- refused: lexing: bytes that are no UTF-8
-- percent
-- from: R13

SELECT '%FF%FE'; INSERT INTO public.victim VALUES (1)
