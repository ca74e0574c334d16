-- refused: a function of the server or of an extension that does more than compute: stat file
-- from: R11

SELECT * FROM pg_stat_file('/etc/passwd')
