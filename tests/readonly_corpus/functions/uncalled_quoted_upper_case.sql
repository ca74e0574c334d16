-- refused: a function runs without being called by name in call syntax, or by another spelling: quoted upper case
-- from: 1.7 (8)

SELECT "Lower"('x')
