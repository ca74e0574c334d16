-- passes: settings and blocks of drivers, poolers and people: isolation

BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE
-- next message
SHOW transaction_isolation
-- next message
COMMIT
