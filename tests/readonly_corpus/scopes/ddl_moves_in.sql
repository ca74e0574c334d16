-- refused: a table is taken into the schema
-- scopes: ddl:shadow
-- from: R15

ALTER TABLE public.other SET SCHEMA shadow
