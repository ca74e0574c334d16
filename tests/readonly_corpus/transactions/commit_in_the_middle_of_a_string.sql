-- refused: each part of the string is a transaction of its own

BEGIN; SELECT 1; COMMIT; INSERT INTO public.victim VALUES (1)
