-- refused: of several modes in BEGIN the last one wins
-- from: R3
-- sequence

BEGIN READ ONLY, READ WRITE
-- next message
INSERT INTO public.victim VALUES (1)
-- next message
COMMIT
