-- refused: SET SCHEMA is search_path

SET SCHEMA 'shadow'
-- next message
SELECT * FROM accounts
