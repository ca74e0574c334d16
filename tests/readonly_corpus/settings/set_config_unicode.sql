-- refused: the function by another spelling

SELECT U&"set\005Fconfig"('default_transaction_read_only', 'off', false)
-- next message
INSERT INTO public.victim VALUES (1)
