-- passes: functions that only read, of the database and of the server: rows from

SELECT * FROM ROWS FROM (generate_series(1, 2), unnest(ARRAY['a', 'b', 'c']))
