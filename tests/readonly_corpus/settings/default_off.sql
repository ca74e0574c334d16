-- refused: the session's default is turned off
-- from: R1 (1)
-- sequence

SET default_transaction_read_only=off
-- next message
INSERT INTO public.victim VALUES (1)
