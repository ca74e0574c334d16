-- refused: its name is made at run time
-- from: R1 (10), R4
-- sequence

WITH c AS (SELECT set_config('default_' || 'transaction_read_only','off',false)) SELECT * FROM c
-- next message
INSERT INTO public.victim VALUES (1)
