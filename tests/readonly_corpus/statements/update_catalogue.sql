-- refused: a statement that writes, defines, instructs or tells others: update catalogue

UPDATE pg_catalog.pg_class SET relname = 'stolen' WHERE relname = 'victim'
