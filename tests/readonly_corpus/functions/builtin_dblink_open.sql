-- refused: a function of the server or of an extension that does more than compute: dblink open
-- from: R11

SELECT dblink_connect('back'), dblink_open('c', 'SELECT public.writes()')
