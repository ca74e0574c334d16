-- refused: triggers and foreign keys stay
-- scopes: insert,update,delete,truncate:public.granted
-- from: R15

SET session_replication_role = replica
