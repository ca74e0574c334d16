-- passes: what dashboards and people on call ask: hba

SELECT count(*) >= 0 FROM pg_stat_gssapi
