-- passes: settings and blocks of drivers, poolers and people: read only block

BEGIN READ ONLY ISOLATION LEVEL REPEATABLE READ
-- next message
SELECT count(*) FROM orders
-- next message
COMMIT
