-- refused: a call: RETURNING a domain
-- since: 17

SELECT JSON_VALUE('"x"', '$' RETURNING public.checked)
