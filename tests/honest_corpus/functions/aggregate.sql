-- passes: functions that only read, of the database and of the server: aggregate

SELECT honest_sum(id) FROM accounts
