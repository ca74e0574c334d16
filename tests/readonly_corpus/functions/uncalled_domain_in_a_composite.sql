-- refused: a function runs without being called by name in call syntax, or by another spelling: domain in a composite
-- from: 1.7 (8)

SELECT '(1,x)'::public.pair
