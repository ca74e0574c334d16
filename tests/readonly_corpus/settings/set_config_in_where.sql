-- refused: a setting: as a condition

SELECT 1 WHERE set_config('default_transaction_read_only', 'off', false) = 'off'
-- next message
INSERT INTO public.victim VALUES (1)
