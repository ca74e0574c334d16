-- refused: a harmless cursor, and a write at its place

BEGIN
-- next message
DECLARE c CURSOR FOR SELECT * FROM public.victim
-- next message
FETCH c
-- next message
DELETE FROM public.victim WHERE CURRENT OF c
-- next message
COMMIT
