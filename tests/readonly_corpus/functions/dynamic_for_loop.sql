-- refused: a call: FOR IN EXECUTE

SELECT public.writes_loop('INSERT INTO public.victim VALUES (1) RETURNING 1')
