-- passes: turning read-only on is what careful drivers do, and stays on

SET TRANSACTION READ ONLY
-- next message
BEGIN READ ONLY
-- next message
SELECT 1
-- next message
COMMIT
-- next message
SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY
