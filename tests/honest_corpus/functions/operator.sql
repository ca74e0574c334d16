-- passes: functions that only read, of the database and of the server: operator

SELECT 2 #+# 3
