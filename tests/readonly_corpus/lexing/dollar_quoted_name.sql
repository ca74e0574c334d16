-- refused: lexing: in dollar quotes
-- from: R13

SELECT set_config($$default_transaction_read_only$$, $a$off$a$, false); INSERT INTO public.victim VALUES (1)
