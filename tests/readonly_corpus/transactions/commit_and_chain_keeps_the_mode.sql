-- refused: COMMIT AND CHAIN carries READ WRITE over
-- from: R5
-- sequence

BEGIN READ WRITE
-- next message
COMMIT AND CHAIN
-- next message
INSERT INTO public.victim VALUES (1)
-- next message
COMMIT
