-- passes: what dashboards and people on call ask: bloat

SELECT relname, reltuples >= -1 FROM pg_class WHERE relkind = 'r' AND relname = 'orders' ORDER BY relnamespace
