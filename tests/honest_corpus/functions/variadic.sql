-- passes: functions that only read, of the database and of the server: variadic

SELECT honest_many(1, 2, 3), honest_many(VARIADIC ARRAY[4])
