-- refused: a function of the server or of an extension that does more than compute: restore point
-- from: R11

SELECT pg_create_restore_point('stolen')
