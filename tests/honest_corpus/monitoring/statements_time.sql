-- passes: what dashboards and people on call ask: statements time

SELECT backend_type FROM pg_stat_activity WHERE pid = pg_backend_pid()
