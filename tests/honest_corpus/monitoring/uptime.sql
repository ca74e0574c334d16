-- passes: what dashboards and people on call ask: uptime

SELECT pg_postmaster_start_time() < now(), pg_conf_load_time() < now()
