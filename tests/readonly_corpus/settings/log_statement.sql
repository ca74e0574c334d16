-- refused: a setting: what the server logs
-- from: A7

SET log_statement = none
