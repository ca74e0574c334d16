-- refused: a function of the server or of an extension that does more than compute: origin session setup
-- from: R11

SELECT pg_replication_origin_session_setup('a')
