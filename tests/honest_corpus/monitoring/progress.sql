-- passes: what dashboards and people on call ask: progress

SELECT * FROM pg_stat_progress_vacuum
