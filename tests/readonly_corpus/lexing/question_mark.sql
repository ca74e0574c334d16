-- refused: a parameter of libpg_query's alone
-- from: R14

SELECT ? ; INSERT INTO public.victim VALUES (1)
