-- refused: the catalogue may be written

SET allow_system_table_mods = on
-- next message
UPDATE pg_class SET relname = 'stolen' WHERE relname = 'victim'
