-- refused: maintain of another table
-- scopes: maintain:public.granted
-- from: R15

VACUUM FULL public.other
