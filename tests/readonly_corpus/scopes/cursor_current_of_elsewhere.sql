-- refused: WHERE CURRENT OF another table's cursor
-- scopes: insert,update,delete,truncate:public.granted
-- from: R15

BEGIN
-- next message
DECLARE c CURSOR FOR SELECT * FROM public.other
-- next message
FETCH c
-- next message
DELETE FROM public.other WHERE CURRENT OF c
-- next message
COMMIT
