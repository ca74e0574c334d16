-- refused: the condition on the name has an OR

SELECT set_config(name, 'off', false) FROM pg_settings WHERE name = 'jit' OR name = 'default_transaction_read_only'
-- next message
INSERT INTO public.victim VALUES (1)
