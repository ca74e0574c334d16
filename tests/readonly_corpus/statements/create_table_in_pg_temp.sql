-- refused: a statement that writes, defines, instructs or tells others: create table in pg temp
-- from: 1.7 (1)

CREATE TABLE pg_temp.orders AS SELECT 1 AS id
