-- refused: a function runs without being called by name in call syntax, or by another spelling: attribute of a scalar
-- from: 1.7 (8)

SELECT (1).writes_one
