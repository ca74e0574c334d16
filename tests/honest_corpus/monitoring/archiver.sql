-- passes: what dashboards and people on call ask: archiver

SELECT failed_count FROM pg_stat_archiver
