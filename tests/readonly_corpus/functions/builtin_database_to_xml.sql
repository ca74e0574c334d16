-- refused: a function of the server or of an extension that does more than compute: database to xml
-- from: R11

SELECT database_to_xml(true, true, '')
