-- passes: functions that only read, of the database and of the server: random

SELECT random() BETWEEN 0 AND 1, gen_random_uuid() IS NOT NULL, clock_timestamp() > now() - interval '1 h'
