-- refused: a function runs without being called by name in call syntax, or by another spelling: range constructor
-- from: 1.7 (8)

SELECT public.checked_range('glum', 'gay')
