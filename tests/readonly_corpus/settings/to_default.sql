-- refused: TO DEFAULT is the server's default, not ours
-- from: R3

SET SESSION default_transaction_read_only TO DEFAULT
-- next message
INSERT INTO public.victim VALUES (1)
