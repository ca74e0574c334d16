-- passes: functions that only read, of the database and of the server: attribute

SELECT a.honest_label FROM accounts a WHERE id = 2
