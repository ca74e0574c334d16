-- refused: a function of the server or of an extension that does more than compute: nextval of many
-- from: R11

SELECT nextval(oid::regclass) FROM pg_class WHERE relkind = 'S'
