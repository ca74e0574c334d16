-- passes: settings and blocks of drivers, poolers and people: role none is shown

SHOW role
