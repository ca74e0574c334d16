-- passes: what dashboards and people on call ask: slru

SELECT count(*) > 0 FROM pg_stat_slru
