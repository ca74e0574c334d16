-- refused: a function runs without being called by name in call syntax, or by another spelling: domain by a column
-- from: 1.7 (8)

SELECT jsonb_populate_record(p, '{"b":"x"}') FROM public.typed
