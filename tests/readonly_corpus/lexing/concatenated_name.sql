-- refused: lexing: a string in two parts
-- from: R13

SELECT set_config('default_'
'transaction_read_only', 'off', false); INSERT INTO public.victim VALUES (1)
