-- refused: extensions lie in no schema
-- scopes: ddl:shadow
-- from: R15

CREATE EXTENSION hstore SCHEMA shadow
