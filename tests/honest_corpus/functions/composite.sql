-- passes: functions that only read, of the database and of the server: composite

SELECT (honest_pair(3)).*
