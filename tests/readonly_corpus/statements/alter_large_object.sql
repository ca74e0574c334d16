-- refused: a statement that writes, defines, instructs or tells others: alter large object

ALTER LARGE OBJECT 1 OWNER TO boss
