-- refused: a statement that writes, defines, instructs or tells others: create user

CREATE USER intruder IN ROLE pg_write_all_data
