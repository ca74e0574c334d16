-- refused: a function runs without being called by name in call syntax, or by another spelling: domain by jsonb recordset
-- from: 1.7 (8)

SELECT * FROM jsonb_to_recordset('[{"d":"x"}]') AS t (d public.checked)
