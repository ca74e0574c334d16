-- refused: a statement that writes, defines, instructs or tells others: create table

CREATE TABLE public.stolen (a int)
