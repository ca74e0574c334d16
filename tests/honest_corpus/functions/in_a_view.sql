-- passes: functions that only read, of the database and of the server: in a view

SELECT * FROM honest_view ORDER BY id LIMIT 3
