-- refused: cursors: the same with rows

BEGIN
-- next message
DECLARE c CURSOR FOR SELECT * FROM public.orders
-- next message
FETCH c
-- next message
UPDATE public.orders SET note = 'stolen' WHERE CURRENT OF c
-- next message
COMMIT
