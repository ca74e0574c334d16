-- passes: functions that only read, of the database and of the server: atomic

SELECT honest_atomic(2)
