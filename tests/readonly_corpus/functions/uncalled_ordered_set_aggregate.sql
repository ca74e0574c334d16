-- refused: a function runs without being called by name in call syntax, or by another spelling: ordered set aggregate
-- from: 1.7 (8)

SELECT public.writes_ordered() WITHIN GROUP (ORDER BY id) FROM public.accounts
