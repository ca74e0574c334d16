-- refused: beyond the scope: DDL is no write
-- scopes: ddl:shadow
-- from: R15

UPDATE shadow.twin SET note = 'x' WHERE id = 1
