-- passes: settings and blocks of drivers, poolers and people: bytea output

SET bytea_output = escape
-- next message
SELECT '\x00ff'::bytea
-- next message
RESET bytea_output
