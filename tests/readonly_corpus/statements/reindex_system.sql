-- refused: a statement that writes, defines, instructs or tells others: reindex system
-- from: 1.3

REINDEX SYSTEM @DATABASE@
