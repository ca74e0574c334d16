-- refused: a function runs without being called by name in call syntax, or by another spelling: unicode escape
-- from: 1.7 (8)

SELECT U&"wr\0069tes"()
