-- refused: a function of the server or of an extension that does more than compute: foreign connections
-- from: R11

SELECT postgres_fdw_disconnect_all()
