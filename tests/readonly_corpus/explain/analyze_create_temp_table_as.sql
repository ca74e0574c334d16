-- refused: and a temporary one that shadows a real name
-- from: R7

EXPLAIN ANALYZE CREATE TEMP TABLE orders AS SELECT 1 AS id
