-- refused: a chained transaction begins without a snapshot
-- from: R1 (8), R5
-- sequence

BEGIN READ ONLY
-- next message
ROLLBACK AND CHAIN
-- next message
SET TRANSACTION READ WRITE
-- next message
INSERT INTO public.victim VALUES (1)
-- next message
COMMIT
