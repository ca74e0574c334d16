-- refused: a function runs without being called by name in call syntax, or by another spelling: attribute by star
-- from: 1.7 (8)

SELECT ((SELECT o FROM public.orders o LIMIT 1)).writes_row
