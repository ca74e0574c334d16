-- refused: a string stops at its error, and must not go on

SELECT 1/0; INSERT INTO public.victim VALUES (1)
