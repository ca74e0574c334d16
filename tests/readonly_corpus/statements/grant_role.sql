-- refused: a statement that writes, defines, instructs or tells others: grant role

GRANT boss TO reader
