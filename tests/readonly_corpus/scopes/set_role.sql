-- refused: beyond the scope: the role stays
-- scopes: insert,update,delete,truncate:public.granted
-- from: R15

SET ROLE boss
-- next message
DELETE FROM public.other
