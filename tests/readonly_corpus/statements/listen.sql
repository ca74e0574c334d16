-- refused: a statement that writes, defines, instructs or tells others: listen
-- from: R11

LISTEN stolen_too
