-- passes: settings and blocks of drivers, poolers and people: discard all

SET work_mem = '9MB'
-- next message
DISCARD ALL
-- next message
SHOW work_mem
