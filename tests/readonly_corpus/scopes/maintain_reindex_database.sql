-- refused: beyond the scope: REINDEX of the database
-- scopes: maintain:public.granted
-- from: R15

REINDEX DATABASE @DATABASE@
