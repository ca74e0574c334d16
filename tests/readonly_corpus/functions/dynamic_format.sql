-- refused: the body puts a statement together

SELECT public.writes_format('victim')
