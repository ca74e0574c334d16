-- passes: what dashboards and people on call ask: prepared

SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database()
