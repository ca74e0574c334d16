-- refused: a function of the server or of an extension that does more than compute: drop slot
-- from: R11

SELECT pg_drop_replication_slot('stolen_physical')
