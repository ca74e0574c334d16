-- refused: a function runs without being called by name in call syntax, or by another spelling: domain of a domain
-- from: 1.7 (8)

SELECT CAST('x' AS public.checked_twice)
