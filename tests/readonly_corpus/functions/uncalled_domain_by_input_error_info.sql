-- refused: a call: pg_input_error_info, too
-- since: 16

SELECT * FROM pg_input_error_info('x', 'public.checked')
