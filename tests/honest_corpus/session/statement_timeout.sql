-- passes: settings and blocks of drivers, poolers and people: statement timeout

SET statement_timeout = '30s'
-- next message
SHOW statement_timeout
-- next message
RESET statement_timeout
