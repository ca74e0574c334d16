-- refused: beyond the scope: and no VACUUM
-- scopes: insert,update,delete,truncate:public.granted
-- from: R15

VACUUM public.granted
