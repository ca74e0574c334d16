-- refused: START TRANSACTION is BEGIN
-- from: R3
-- sequence

START TRANSACTION READ WRITE
-- next message
INSERT INTO public.victim VALUES (1)
-- next message
COMMIT
