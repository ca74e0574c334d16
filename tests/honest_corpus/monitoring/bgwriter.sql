-- passes: what dashboards and people on call ask: bgwriter

SELECT buffers_alloc >= 0 FROM pg_stat_bgwriter
