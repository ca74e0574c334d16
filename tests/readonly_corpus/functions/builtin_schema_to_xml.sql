-- refused: a function of the server or of an extension that does more than compute: schema to xml
-- from: R11

SELECT schema_to_xml('public', true, true, '')
