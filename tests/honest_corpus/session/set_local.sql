-- passes: settings and blocks of drivers, poolers and people: set local

BEGIN
-- next message
SET LOCAL work_mem = '8MB'
-- next message
SHOW work_mem
-- next message
ROLLBACK
-- next message
SHOW work_mem
