-- refused: a function of the server or of an extension that does more than compute: reload conf
-- from: R11

SELECT pg_reload_conf()
