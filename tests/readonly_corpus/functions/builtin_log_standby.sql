-- refused: a snapshot for standbys is written to the WAL
-- since: 16

SELECT pg_log_standby_snapshot()
