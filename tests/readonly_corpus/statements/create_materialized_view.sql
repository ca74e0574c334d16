-- refused: a statement that writes, defines, instructs or tells others: create materialized view
-- from: R7

CREATE MATERIALIZED VIEW public.stolen AS SELECT 1
