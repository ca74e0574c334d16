-- passes: what dashboards and people on call ask: connections

SELECT count(*) > 0, current_setting('max_connections')::int > 0 FROM pg_stat_activity
