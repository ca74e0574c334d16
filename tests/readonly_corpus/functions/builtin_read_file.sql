-- refused: a function of the server or of an extension that does more than compute: read file
-- from: R11

SELECT pg_read_file('/etc/passwd')
