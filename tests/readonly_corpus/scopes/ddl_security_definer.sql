-- refused: a function with the schema owner's rights, called at once
-- scopes: ddl:shadow
-- from: R15

CREATE FUNCTION shadow.stolen() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'INSERT INTO public.victim VALUES (1) RETURNING 1'; SELECT shadow.stolen()
