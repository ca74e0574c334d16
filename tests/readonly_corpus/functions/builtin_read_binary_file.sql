-- refused: a function of the server or of an extension that does more than compute: read binary file
-- from: R11

SELECT pg_read_binary_file('PG_VERSION')
