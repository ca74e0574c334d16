-- refused: a statement that writes, defines, instructs or tells others: create schema with table

CREATE SCHEMA stolen CREATE TABLE t (a int)
