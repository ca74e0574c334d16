-- refused: a statement that writes, defines, instructs or tells others: do set config
-- from: R1 (12)
-- sequence

DO $$ BEGIN PERFORM set_config('default_transaction_read_only','off',false); END $$
-- next message
INSERT INTO public.victim VALUES (1)
