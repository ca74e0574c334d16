-- refused: TRUNCATE of the parent, too
-- scopes: truncate:public.granted
-- from: R15

TRUNCATE public.granted
