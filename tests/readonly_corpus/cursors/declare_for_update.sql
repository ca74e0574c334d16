-- refused: the cursor locks its rows
-- from: R16

BEGIN
-- next message
DECLARE c CURSOR FOR SELECT * FROM public.orders FOR UPDATE
-- next message
FETCH ALL FROM c
-- next message
COMMIT
