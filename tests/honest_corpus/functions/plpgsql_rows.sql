-- passes: functions that only read, of the database and of the server: plpgsql rows

SELECT * FROM honest_rows(2)
