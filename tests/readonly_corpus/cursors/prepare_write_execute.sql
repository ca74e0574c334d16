-- refused: a prepared write, the setting, EXECUTE
-- from: R1 (15)
-- sequence

PREPARE p AS INSERT INTO public.victim VALUES (1)
-- next message
SET default_transaction_read_only=off
-- next message
EXECUTE p
