-- refused: a statement that writes, defines, instructs or tells others: grant parameter

GRANT SET ON PARAMETER log_statement TO PUBLIC
