-- refused: on 14 and 15 its reset value is off, whatever the default
-- from: R3

BEGIN
-- next message
RESET transaction_read_only
-- next message
INSERT INTO public.victim VALUES (1)
-- next message
COMMIT
