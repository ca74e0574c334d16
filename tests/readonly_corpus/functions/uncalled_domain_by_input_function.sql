-- refused: a function runs without being called by name in call syntax, or by another spelling: domain by input function
-- from: 1.7 (8)

SELECT domain_in('x', 'public.checked'::regtype, -1)
