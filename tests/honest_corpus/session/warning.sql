-- passes: settings and blocks of drivers, poolers and people: warning

COMMIT
