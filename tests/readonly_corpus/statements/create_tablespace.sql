-- refused: a statement that writes, defines, instructs or tells others: create tablespace

CREATE TABLESPACE stolen LOCATION '@FILES@'
