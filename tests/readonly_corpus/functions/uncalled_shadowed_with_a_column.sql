-- refused: a function runs without being called by name in call syntax, or by another spelling: shadowed with a column
-- from: 1.7 (8)

SELECT length(home) FROM public.accounts
