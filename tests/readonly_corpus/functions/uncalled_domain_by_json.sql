-- refused: a function runs without being called by name in call syntax, or by another spelling: domain by json
-- from: 1.7 (8)

SELECT json_populate_record(NULL::public.pair, '{"b":"x"}')
