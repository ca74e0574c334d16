-- passes: what dashboards and people on call ask: index usage

SELECT indexrelname, idx_scan >= 0 FROM pg_stat_user_indexes WHERE relname = 'orders' ORDER BY 1
