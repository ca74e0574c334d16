-- refused: a statement that writes, defines, instructs or tells others: drop schema

DROP SCHEMA shadow CASCADE
