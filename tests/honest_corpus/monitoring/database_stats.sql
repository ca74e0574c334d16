-- passes: what dashboards and people on call ask: database stats

SELECT datname FROM pg_stat_database WHERE datname = current_database() AND xact_commit >= 0
