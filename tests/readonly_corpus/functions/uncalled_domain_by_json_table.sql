-- refused: a call: a column of a domain
-- since: 17

SELECT * FROM JSON_TABLE('["x"]', '$[*]' COLUMNS (d public.checked PATH '$')) t
