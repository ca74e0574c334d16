-- refused: VACUUM without a table is all of them
-- scopes: maintain:public.granted
-- from: R15

VACUUM
