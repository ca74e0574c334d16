-- passes: settings and blocks of drivers, poolers and people: date style

SET datestyle = 'German, DMY'
-- next message
SELECT date '2026-03-01'
-- next message
RESET datestyle
