-- refused: pg_input_is_valid runs a domain's CHECK
-- since: 16

SELECT pg_input_is_valid('x', 'public.checked')
