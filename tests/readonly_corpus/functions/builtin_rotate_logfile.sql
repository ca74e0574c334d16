-- refused: a function of the server or of an extension that does more than compute: rotate logfile
-- from: R11

SELECT pg_rotate_logfile()
