-- refused: lexing: a name with an escape
-- from: R13

SELECT set_config(U&'default\005Ftransaction_read_only', 'off', false); INSERT INTO public.victim VALUES (1)
