-- refused: GRANT gives others rights
-- scopes: ddl:shadow
-- from: R15

GRANT ALL ON SCHEMA shadow TO PUBLIC
