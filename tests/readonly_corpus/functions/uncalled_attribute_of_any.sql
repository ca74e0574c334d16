-- refused: a function runs without being called by name in call syntax, or by another spelling: attribute of any
-- from: 1.7 (8)

SELECT ('x'::text).writes_any
