-- refused: beyond the scope: roles lie in no schema
-- scopes: ddl:shadow
-- from: R15

CREATE ROLE intruder
