-- passes: functions that only read, of the database and of the server: sql

SELECT order_total(3)
