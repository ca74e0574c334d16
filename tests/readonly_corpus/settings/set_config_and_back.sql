-- refused: turned off and on again in one string: no ParameterStatus ever tells

SELECT set_config('transaction_read_only','off',true); INSERT INTO public.victim VALUES (1); SELECT set_config('transaction_read_only','on',true)
