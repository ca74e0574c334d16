-- refused: a function of the server or of an extension that does more than compute: ls logdir
-- from: R11

SELECT * FROM pg_ls_logdir()
