-- refused: psql's own separator is an error to the server
-- from: R13

SELECT 1\; INSERT INTO public.victim VALUES (1)
