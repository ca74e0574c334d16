-- refused: a statement that writes, defines, instructs or tells others: create table as
-- from: R7

CREATE TABLE public.stolen AS SELECT 1
