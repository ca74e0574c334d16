-- refused: a setting: in LIMIT, through a cast

SELECT 1 LIMIT (set_config('default_transaction_read_only', 'off', false) = 'off')::int
-- next message
INSERT INTO public.victim VALUES (1)
