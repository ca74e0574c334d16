-- refused: a statement that writes, defines, instructs or tells others: create publication

CREATE PUBLICATION stolen FOR ALL TABLES
