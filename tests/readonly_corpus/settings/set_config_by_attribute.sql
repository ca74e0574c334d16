-- refused: attribute notation has one argument only, and the server refuses it

SELECT ('default_transaction_read_only'::text).set_config
-- next message
INSERT INTO public.victim VALUES (1)
