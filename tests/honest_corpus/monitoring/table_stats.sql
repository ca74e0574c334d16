-- passes: what dashboards and people on call ask: table stats

SELECT relname, n_live_tup >= 0 FROM pg_stat_user_tables WHERE relname = 'orders' ORDER BY schemaname
