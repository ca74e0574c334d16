-- passes: functions that only read, of the database and of the server: in from

SELECT * FROM generate_series(1, 3) WITH ORDINALITY
