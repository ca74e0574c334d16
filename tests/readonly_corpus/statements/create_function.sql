-- refused: a statement that writes, defines, instructs or tells others: create function
-- from: R6

CREATE FUNCTION public.stolen() RETURNS int LANGUAGE sql AS 'SELECT 1'
