-- refused: the constant that pg_dump uses, with another name
-- from: R4

SELECT set_config(name, 'off', false) FROM pg_settings WHERE name = 'default_transaction_read_only'
-- next message
INSERT INTO public.victim VALUES (1)
