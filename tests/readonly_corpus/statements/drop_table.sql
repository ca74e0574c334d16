-- refused: a statement that writes, defines, instructs or tells others: drop table

DROP TABLE public.victim
