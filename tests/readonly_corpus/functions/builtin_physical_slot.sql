-- refused: a function of the server or of an extension that does more than compute: physical slot
-- from: R11

SELECT pg_create_physical_replication_slot('stolen_physical')
