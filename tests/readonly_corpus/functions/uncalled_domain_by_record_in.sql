-- refused: a function runs without being called by name in call syntax, or by another spelling: domain by record in
-- from: 1.7 (8)

SELECT record_in('(1,x)', 'public.pair'::regtype, -1)
