-- refused: a statement that writes, defines, instructs or tells others: checkpoint
-- from: 1.3

CHECKPOINT
