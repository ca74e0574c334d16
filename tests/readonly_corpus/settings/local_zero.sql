-- refused: a setting: SET LOCAL with 0 for off
-- from: R3

SET LOCAL transaction_read_only = 0; INSERT INTO public.victim VALUES (1)
