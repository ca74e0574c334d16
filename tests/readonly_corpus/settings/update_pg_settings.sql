-- refused: pg_settings has a rule that sets
-- from: R3

UPDATE pg_settings SET setting = 'off' WHERE name = 'default_transaction_read_only'
-- next message
INSERT INTO public.victim VALUES (1)
