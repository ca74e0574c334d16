-- refused: a function runs without being called by name in call syntax, or by another spelling: domain in an array
-- from: 1.7 (8)

SELECT '{x}'::public.checked[]
