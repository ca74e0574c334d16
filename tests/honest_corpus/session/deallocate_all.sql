-- passes: settings and blocks of drivers, poolers and people: deallocate all

DEALLOCATE ALL
