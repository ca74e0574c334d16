-- refused: the function does what SET does
-- from: R1 (9)
-- sequence

SELECT set_config('default_transaction_read_only','off',false)
-- next message
INSERT INTO public.victim VALUES (1)
