-- passes: what dashboards and people on call ask: wal

SELECT pg_current_wal_lsn() IS NOT NULL, pg_wal_lsn_diff('0/10', '0/1'), pg_is_in_recovery()
