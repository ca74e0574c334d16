-- refused: a statement that writes, defines, instructs or tells others: create table as no data
-- from: R7

CREATE TABLE public.stolen AS TABLE public.orders WITH NO DATA
