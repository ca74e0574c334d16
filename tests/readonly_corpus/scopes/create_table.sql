-- refused: beyond the scope: and no CREATE
-- scopes: insert,update,delete,truncate:public.granted
-- from: R15

CREATE TABLE public.stolen AS SELECT * FROM public.granted
