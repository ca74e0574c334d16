-- refused: a function runs without being called by name in call syntax, or by another spelling: operator
-- from: 1.7 (8)

SELECT 1 ### 2
