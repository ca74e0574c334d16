-- passes: settings and blocks of drivers, poolers and people: savepoints

BEGIN
-- next message
SAVEPOINT a
-- next message
SELECT 1/0
-- next message
ROLLBACK TO a
-- next message
RELEASE a
-- next message
SELECT 1
-- next message
COMMIT
