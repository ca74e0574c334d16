-- passes: what tools ask of the catalogue: settings

SELECT name, setting FROM pg_settings WHERE name IN ('server_version', 'TimeZone', 'max_connections') ORDER BY 1
