-- refused: a block may ask for READ WRITE itself
-- from: R1 (4)
-- sequence

BEGIN READ WRITE; INSERT INTO public.victim VALUES (1); COMMIT
