-- refused: a function of the server or of an extension that does more than compute: slot advance
-- from: R11

SELECT pg_replication_slot_advance('a', '0/1')
