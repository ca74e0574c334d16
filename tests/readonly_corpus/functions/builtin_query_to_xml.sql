-- refused: a function of the server or of an extension that does more than compute: query to xml
-- from: R11

SELECT query_to_xml('SELECT public.writes()', true, true, '')
