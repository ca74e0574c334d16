-- passes: functions that only read, of the database and of the server: policy

SELECT * FROM honest_policed
