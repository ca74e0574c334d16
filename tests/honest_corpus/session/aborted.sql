-- passes: settings and blocks of drivers, poolers and people: aborted

BEGIN
-- next message
SELECT 1/0
-- next message
SELECT 1
-- next message
COMMIT
