-- refused: a function of the server or of an extension that does more than compute: backup start
-- from: R11

SELECT pg_backup_start('stolen', true)
