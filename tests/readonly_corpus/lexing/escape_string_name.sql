-- refused: lexing: and with another
-- from: R13

SELECT set_config(E'default\x5ftransaction_read_only', 'off', false); INSERT INTO public.victim VALUES (1)
