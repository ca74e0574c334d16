-- refused: a function of the server or of an extension that does more than compute: current logfile read
-- from: R11

SELECT pg_read_file(pg_current_logfile())
