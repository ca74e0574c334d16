-- refused: a function of the server or of an extension that does more than compute: cursor to xml
-- from: R11

SELECT cursor_to_xml('c'::refcursor, 1, true, true, '')
