-- refused: a function runs without being called by name in call syntax, or by another spelling: attribute of a row in parentheses
-- from: 1.7 (8)

SELECT (o).writes_row FROM public.orders o
