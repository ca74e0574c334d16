-- refused: a function of the server or of an extension that does more than compute: copy slot
-- from: R11

SELECT pg_copy_physical_replication_slot('a', 'stolen_copy')
