-- passes: functions that only read, of the database and of the server: stat functions

SELECT pg_stat_get_live_tuples('orders'::regclass) >= 0
