-- refused: a function runs without being called by name in call syntax, or by another spelling: operator qualified
-- from: 1.7 (8)

SELECT 1 OPERATOR(public.###) 2
