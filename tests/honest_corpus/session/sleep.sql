-- passes: settings and blocks of drivers, poolers and people: sleep

SELECT pg_sleep(0)
