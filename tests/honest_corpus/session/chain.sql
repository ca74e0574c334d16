-- passes: settings and blocks of drivers, poolers and people: chain

BEGIN
-- next message
SELECT 1
-- next message
COMMIT AND CHAIN
-- next message
SELECT 2
-- next message
ROLLBACK
