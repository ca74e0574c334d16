-- refused: a statement that writes, defines, instructs or tells others: import foreign schema

IMPORT FOREIGN SCHEMA public FROM SERVER back INTO shadow
