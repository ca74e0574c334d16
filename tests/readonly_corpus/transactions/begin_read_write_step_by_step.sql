-- refused: the same block in messages of its own
-- from: R1 (4)
-- sequence

BEGIN READ WRITE
-- next message
INSERT INTO public.victim VALUES (1)
-- next message
COMMIT
