-- refused: a parameter of libpg_query's alone
-- from: R14 [acra 185]

SELECT ? ; INSERT INTO public.victim VALUES (1)
