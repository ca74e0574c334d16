-- passes: settings and blocks of drivers, poolers and people: cursor

BEGIN
-- next message
DECLARE c SCROLL CURSOR FOR SELECT id FROM orders ORDER BY id
-- next message
FETCH 3 FROM c
-- next message
MOVE BACKWARD 2 IN c
-- next message
FETCH ALL FROM c
-- next message
CLOSE c
-- next message
COMMIT
