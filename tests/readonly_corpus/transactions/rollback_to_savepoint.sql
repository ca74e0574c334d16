-- refused: going back to a savepoint brings back its mode

BEGIN
-- next message
SAVEPOINT a
-- next message
SET LOCAL transaction_read_only = off
-- next message
ROLLBACK TO a
-- next message
INSERT INTO public.victim VALUES (1)
-- next message
COMMIT
