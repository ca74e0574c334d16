-- refused: postgres_fdw leaves the transaction
-- from: R9

INSERT INTO public.far_victim VALUES (3)
