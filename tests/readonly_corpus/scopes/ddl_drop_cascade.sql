-- refused: CASCADE reaches what lies elsewhere
-- scopes: ddl:shadow
-- from: R15

DROP SCHEMA shadow CASCADE
