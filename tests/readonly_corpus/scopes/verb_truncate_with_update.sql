-- refused: the grant may update, not truncate
-- scopes: update:public.granted
-- from: R15

TRUNCATE public.granted
