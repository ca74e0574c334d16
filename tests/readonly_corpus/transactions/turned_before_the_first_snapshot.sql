-- refused: until the first snapshot the mode may still be changed
-- from: R1 (7)
-- sequence

BEGIN READ ONLY
-- next message
SET TRANSACTION READ WRITE
-- next message
INSERT INTO public.victim VALUES (1)
-- next message
COMMIT
