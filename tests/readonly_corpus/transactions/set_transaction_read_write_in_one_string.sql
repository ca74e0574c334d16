-- refused: SET TRANSACTION READ WRITE turns the implicit transaction around
-- from: R1 (2)
-- sequence

SET TRANSACTION READ WRITE; INSERT INTO public.victim VALUES (1)
