-- refused: beyond the scope: verbs are no DDL
-- scopes: insert,update,delete,truncate:public.granted
-- from: R15

ALTER TABLE public.granted ADD COLUMN stolen int
