-- passes: what dashboards and people on call ask: replication

SELECT * FROM pg_stat_replication
