-- passes: what dashboards and people on call ask: hit ratio

SELECT sum(blks_hit) >= 0 FROM pg_stat_database
