-- refused: PostgreSQL makes the table even in a READ ONLY transaction
-- from: R7

EXPLAIN ANALYZE CREATE TABLE public.stolen AS SELECT 1
