-- refused: a function of the server or of an extension that does more than compute: dblink connect
-- from: R11

SELECT dblink_connect('c', 'back')
