-- refused: a function of the server or of an extension that does more than compute: switch wal
-- from: R11

SELECT pg_switch_wal()
