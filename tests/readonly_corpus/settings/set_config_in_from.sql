-- refused: a setting: as a function in FROM

SELECT * FROM set_config('default_transaction_read_only', 'off', false) AS s
-- next message
INSERT INTO public.victim VALUES (1)
