-- passes: functions that only read, of the database and of the server: has default

SELECT pg_get_serial_sequence('public.orders', 'id')
