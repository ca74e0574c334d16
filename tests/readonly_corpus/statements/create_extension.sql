-- refused: a statement that writes, defines, instructs or tells others: create extension
-- from: R6

CREATE EXTENSION hstore
