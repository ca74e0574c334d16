-- passes: what dashboards and people on call ask: io

SELECT relname, heap_blks_read >= 0 FROM pg_statio_user_tables WHERE relname = 'accounts'
