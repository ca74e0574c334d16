-- refused: a statement that writes, defines, instructs or tells others: alter extension

ALTER EXTENSION dblink UPDATE
