-- refused: a name column of another relation

SELECT set_config(name, 'off', false) FROM (SELECT 'default_transaction_read_only' AS name) pg_settings WHERE name = 'jit' OR true
-- next message
INSERT INTO public.victim VALUES (1)
