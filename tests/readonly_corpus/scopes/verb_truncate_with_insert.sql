-- refused: the grant may insert, not truncate
-- scopes: insert:public.granted
-- from: R15

TRUNCATE public.granted
