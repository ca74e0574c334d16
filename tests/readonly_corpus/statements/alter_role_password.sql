-- refused: a statement that writes, defines, instructs or tells others: alter role password

ALTER ROLE boss PASSWORD 'stolen'
