-- refused: the catalogue is no granted table
-- scopes: update:public.granted
-- from: R15

UPDATE pg_catalog.pg_class SET relname = 'stolen' WHERE relname = 'granted'
