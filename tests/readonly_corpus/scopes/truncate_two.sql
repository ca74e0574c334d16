-- refused: beyond the scope: TRUNCATE of two tables
-- scopes: truncate:public.granted
-- from: R15

TRUNCATE public.granted, public.other
