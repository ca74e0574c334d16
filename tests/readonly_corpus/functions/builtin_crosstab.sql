-- refused: a function of the server or of an extension that does more than compute: crosstab
-- from: R11

SELECT * FROM crosstab('SELECT ''a''::text, ''b''::text, public.writes()') AS t (a text, b int)
