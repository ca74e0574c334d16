-- refused: a statement that writes, defines, instructs or tells others: notify
-- from: R11

NOTIFY stolen, 'x'
