-- refused: the verb on another table
-- scopes: truncate:public.granted
-- from: R15

TRUNCATE public.other
