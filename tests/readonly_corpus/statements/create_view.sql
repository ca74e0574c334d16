-- refused: a statement that writes, defines, instructs or tells others: create view

CREATE VIEW public.stolen AS SELECT 1
