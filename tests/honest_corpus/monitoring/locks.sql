-- passes: what dashboards and people on call ask: locks

SELECT mode, granted FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'virtualxid'
