-- refused: a statement that writes, defines, instructs or tells others: drop owned reassign

REASSIGN OWNED BY postgres TO boss
