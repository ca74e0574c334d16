-- refused: a function runs without being called by name in call syntax, or by another spelling: aggregate final function
-- from: 1.7 (8)

SELECT public.writes_finally(id) FROM public.accounts
