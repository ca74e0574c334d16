-- refused: a statement that writes, defines, instructs or tells others: alter table

ALTER TABLE public.orders ADD COLUMN stolen int
