-- refused: a function runs without being called by name in call syntax, or by another spelling: shadowed overload
-- from: 1.7 (8)

SELECT now(1)
