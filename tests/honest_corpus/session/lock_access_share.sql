-- passes: settings and blocks of drivers, poolers and people: lock access share

BEGIN
-- next message
LOCK TABLE orders IN ACCESS SHARE MODE
-- next message
COMMIT
