-- refused: a function of the server or of an extension that does more than compute: query to xmlschema
-- from: R11

SELECT query_to_xmlschema('SELECT public.writes_immutable()', true, true, '')
