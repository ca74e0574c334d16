-- passes: functions that only read, of the database and of the server: unnest

SELECT * FROM unnest(ARRAY[1, 2], ARRAY['a', 'b']) AS t (n, s)
