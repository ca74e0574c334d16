-- refused: the mode goes along from chain to chain
-- from: R5

BEGIN
-- next message
SET TRANSACTION READ WRITE
-- next message
COMMIT AND CHAIN
-- next message
ROLLBACK AND CHAIN
-- next message
INSERT INTO public.victim VALUES (1)
-- next message
END AND NO CHAIN
