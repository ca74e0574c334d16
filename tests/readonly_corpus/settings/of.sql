-- refused: a setting: off, cut to two letters

SET default_transaction_read_only = of
-- next message
INSERT INTO public.victim VALUES (1)
