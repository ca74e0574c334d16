-- passes: functions that only read, of the database and of the server: overloads

SELECT honest_over(1), honest_over('a'::text)
