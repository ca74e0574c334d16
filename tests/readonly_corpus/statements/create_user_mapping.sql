-- refused: a statement that writes, defines, instructs or tells others: create user mapping

CREATE USER MAPPING FOR boss SERVER back OPTIONS (password 'x')
