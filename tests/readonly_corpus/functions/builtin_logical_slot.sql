-- refused: a function of the server or of an extension that does more than compute: logical slot
-- from: R11

SELECT pg_create_logical_replication_slot('stolen_logical', 'test_decoding')
