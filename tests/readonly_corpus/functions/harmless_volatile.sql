-- passes: volatile functions that many people need
-- from: R12

SELECT random() IS NULL, clock_timestamp() IS NULL, gen_random_uuid() IS NULL, pg_total_relation_size('public.orders') > 0, pg_blocking_pids(pg_backend_pid()), pg_is_in_recovery()
