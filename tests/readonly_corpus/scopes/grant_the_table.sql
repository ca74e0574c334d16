-- refused: beyond the scope: and no GRANT
-- scopes: insert,update,delete,truncate:public.granted
-- from: R15

GRANT ALL ON public.granted TO PUBLIC
