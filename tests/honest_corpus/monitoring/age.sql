-- passes: what dashboards and people on call ask: age

SELECT datname, age(datfrozenxid) >= 0 FROM pg_database WHERE datname = current_database()
