-- refused: beyond the scope: all verbs are no DROP
-- scopes: insert,update,delete,truncate:public.granted
-- from: R15

DROP TABLE public.granted CASCADE
