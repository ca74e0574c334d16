-- refused: a function of the server or of an extension that does more than compute: import collations
-- from: R11

SELECT pg_import_system_collations('public')
