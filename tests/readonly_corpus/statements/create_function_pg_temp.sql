-- refused: a statement that writes, defines, instructs or tells others: create function pg temp
-- from: R6

CREATE FUNCTION pg_temp.stolen() RETURNS int LANGUAGE sql AS 'SELECT 1'
