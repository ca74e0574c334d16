-- refused: RESET goes to the value that the session began with
-- from: R3

RESET default_transaction_read_only
-- next message
INSERT INTO public.victim VALUES (1)
