-- passes: what tools ask of the catalogue: indexes

SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'orders' ORDER BY 1
