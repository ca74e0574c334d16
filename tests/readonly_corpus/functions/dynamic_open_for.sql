-- refused: a call: OPEN FOR EXECUTE

SELECT public.writes_cursor('SELECT public.writes()')
