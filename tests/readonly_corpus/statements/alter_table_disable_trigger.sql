-- refused: a statement that writes, defines, instructs or tells others: alter table disable trigger

ALTER TABLE public.orders DISABLE TRIGGER ALL
