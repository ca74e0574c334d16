-- passes: what dashboards and people on call ask: vacuum settings

SELECT name FROM pg_settings WHERE name LIKE 'autovacuum%' ORDER BY 1
