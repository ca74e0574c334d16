-- refused: a function runs without being called by name in call syntax, or by another spelling: attribute in where
-- from: 1.7 (8)

SELECT 1 FROM public.orders o WHERE o.writes_row = 1
