-- passes: functions that only read, of the database and of the server: plpgsql

SELECT honest_loop(3)
