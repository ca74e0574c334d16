-- refused: its name comes from pg_settings
-- from: R4

SELECT set_config(name, 'off', false) FROM pg_settings WHERE name LIKE 'default_transaction_read%'
-- next message
INSERT INTO public.victim VALUES (1)
