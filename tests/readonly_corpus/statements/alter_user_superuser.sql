-- refused: a statement that writes, defines, instructs or tells others: alter user superuser

ALTER USER writer SUPERUSER
