-- refused: lexing: comments nest
-- from: R13

SELECT 1 /* /* */ */; INSERT INTO public.victim VALUES (1)
