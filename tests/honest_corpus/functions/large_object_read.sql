-- passes: functions that only read, of the database and of the server: large object read

SELECT lo_get(oid) FROM pg_largeobject_metadata
