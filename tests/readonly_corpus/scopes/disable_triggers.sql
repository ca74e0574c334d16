-- refused: beyond the scope: triggers stay on
-- scopes: insert,update,delete,truncate:public.granted
-- from: R15

ALTER TABLE public.granted DISABLE TRIGGER ALL
