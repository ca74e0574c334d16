-- passes: functions that only read, of the database and of the server: domain

SELECT 5::positive, '7'::honest_code
