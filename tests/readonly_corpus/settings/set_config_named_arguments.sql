-- refused: arguments by name, in another order

SELECT set_config(is_local => false, new_value => 'off', setting_name => 'default_transaction_read_only')
-- next message
INSERT INTO public.victim VALUES (1)
