-- refused: a call: slots are synchronised
-- since: 17

SELECT pg_sync_replication_slots()
