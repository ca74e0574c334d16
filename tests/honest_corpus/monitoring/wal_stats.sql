-- passes: what dashboards and people on call ask: wal stats

SELECT wal_records >= 0 FROM pg_stat_wal
