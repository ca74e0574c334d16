-- refused: a statement that writes, defines, instructs or tells others: drop owned

DROP OWNED BY writer
