-- passes: settings and blocks of drivers, poolers and people: constraints

SET CONSTRAINTS ALL IMMEDIATE
