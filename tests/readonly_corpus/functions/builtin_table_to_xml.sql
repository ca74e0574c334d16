-- refused: a function of the server or of an extension that does more than compute: table to xml
-- from: R11

SELECT table_to_xml('public.writes_view', true, true, '')
