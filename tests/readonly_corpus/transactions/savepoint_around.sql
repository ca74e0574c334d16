-- refused: a savepoint does not make the write another transaction's

BEGIN
-- next message
SAVEPOINT a
-- next message
SET TRANSACTION READ WRITE
-- next message
INSERT INTO public.victim VALUES (1)
-- next message
RELEASE a
-- next message
COMMIT
