-- refused: a function runs without being called by name in call syntax, or by another spelling: shadowed by argument type
-- from: 1.7 (8)

SELECT upper('x'::varchar)
