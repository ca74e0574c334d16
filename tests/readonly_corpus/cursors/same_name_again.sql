-- refused: the name of a harmless cursor, declared again

BEGIN
-- next message
DECLARE c CURSOR FOR SELECT 1
-- next message
CLOSE c
-- next message
DECLARE c CURSOR FOR SELECT public.writes()
-- next message
FETCH c
-- next message
COMMIT
