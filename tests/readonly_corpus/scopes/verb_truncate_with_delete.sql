-- refused: the grant may delete, not truncate
-- scopes: delete:public.granted
-- from: R15

TRUNCATE public.granted
