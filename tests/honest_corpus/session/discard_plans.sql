-- passes: settings and blocks of drivers, poolers and people: discard plans

DISCARD PLANS
