-- refused: a statement that writes, defines, instructs or tells others: create foreign table

CREATE FOREIGN TABLE public.stolen (a int) SERVER back
