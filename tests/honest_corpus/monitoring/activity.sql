-- passes: what dashboards and people on call ask: activity

SELECT state, wait_event_type IS NULL FROM pg_stat_activity WHERE pid = pg_backend_pid()
