-- refused: a foreign key reaches into another schema, and is taken up by its triggers
-- scopes: ddl:shadow
-- from: R15

ALTER TABLE public.other ADD FOREIGN KEY (id) REFERENCES shadow.twin
