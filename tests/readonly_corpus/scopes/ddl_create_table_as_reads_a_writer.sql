-- refused: CREATE TABLE AS runs its query
-- scopes: ddl:shadow
-- from: R15

CREATE TABLE shadow.stolen AS SELECT public.writes()
