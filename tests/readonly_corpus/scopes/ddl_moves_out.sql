-- refused: a table is moved out of the schema
-- scopes: ddl:shadow
-- from: R15

ALTER TABLE shadow.twin SET SCHEMA public
