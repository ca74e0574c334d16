-- refused: a statement that writes, defines, instructs or tells others: create temp table
-- from: 1.7 (1)

CREATE TEMP TABLE orders (id int)
