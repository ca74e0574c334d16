-- refused: a function of the server or of an extension that does more than compute: file by attribute
-- from: R11

SELECT ('/etc/passwd'::text).pg_read_file
