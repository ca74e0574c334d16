-- passes: what dashboards and people on call ask: ssl

SELECT count(*) >= 0 FROM pg_stat_ssl
