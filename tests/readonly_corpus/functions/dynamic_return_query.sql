-- refused: a call: RETURN QUERY EXECUTE

SELECT * FROM public.writes_query('INSERT INTO public.victim VALUES (1) RETURNING 1')
