-- refused: COMMIT outside of a block is only a WARNING, what follows is free
-- from: R1 (5)
-- sequence

COMMIT; BEGIN READ WRITE; INSERT INTO public.victim VALUES (1); COMMIT
