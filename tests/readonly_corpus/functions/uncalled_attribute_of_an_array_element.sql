-- refused: a function runs without being called by name in call syntax, or by another spelling: attribute of an array element
-- from: 1.7 (8)

SELECT (ARRAY[1])[1].writes_one
