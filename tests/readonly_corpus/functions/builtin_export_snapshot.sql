-- refused: a function of the server or of an extension that does more than compute: export snapshot
-- from: R11

SELECT pg_export_snapshot()
