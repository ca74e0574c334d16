-- passes: what dashboards and people on call ask: slots

SELECT count(*) >= 0 FROM pg_replication_slots
