-- passes: what dashboards and people on call ask: io stats
-- since: 16

SELECT count(*) > 0 FROM pg_stat_io
