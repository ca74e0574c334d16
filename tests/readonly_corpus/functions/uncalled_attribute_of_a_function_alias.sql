-- refused: a function runs without being called by name in call syntax, or by another spelling: attribute of a function alias
-- from: 1.7 (8)

SELECT g.writes_one FROM generate_series(1, 2) g
