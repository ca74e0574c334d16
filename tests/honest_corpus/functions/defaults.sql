-- passes: functions that only read, of the database and of the server: defaults

SELECT honest_default(), honest_default(b => 5)
