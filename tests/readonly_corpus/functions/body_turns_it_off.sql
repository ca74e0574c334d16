-- refused: the body calls set_config
-- from: R10

SELECT public.turns_it_off()
