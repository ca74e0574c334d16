-- refused: a statement that writes, defines, instructs or tells others: alter default privileges

ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC
