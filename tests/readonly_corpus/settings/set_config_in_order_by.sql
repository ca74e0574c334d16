-- refused: a setting: in ORDER BY

SELECT 1 ORDER BY set_config('default_transaction_read_only', 'off', false)
-- next message
INSERT INTO public.victim VALUES (1)
