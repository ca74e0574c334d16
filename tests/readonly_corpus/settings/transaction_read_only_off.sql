-- refused: the running transaction is turned around
-- from: R1 (3)
-- sequence

SET transaction_read_only=off; INSERT INTO public.victim VALUES (1)
