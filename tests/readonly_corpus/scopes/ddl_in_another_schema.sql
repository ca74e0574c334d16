-- refused: beyond the scope: DDL in another schema
-- scopes: ddl:shadow
-- from: R15

CREATE TABLE public.stolen (a int)
