-- refused: a function of the server or of an extension that does more than compute: origin create
-- from: R11

SELECT pg_replication_origin_create('stolen_origin')
