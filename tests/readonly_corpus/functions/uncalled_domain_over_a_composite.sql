-- refused: a function runs without being called by name in call syntax, or by another spelling: domain over a composite
-- from: 1.7 (8)

SELECT ROW(1, 'x')::public.paired
