-- refused: a function runs without being called by name in call syntax, or by another spelling: letters beyond ascii
-- from: 1.7 (8)

SELECT "größe"(1)
