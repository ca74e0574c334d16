-- refused: a statement that writes, defines, instructs or tells others: create role

CREATE ROLE intruder SUPERUSER LOGIN PASSWORD 'x'
