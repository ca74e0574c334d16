-- refused: EXPLAIN: MERGE
-- from: R7

EXPLAIN (ANALYZE, WAL) MERGE INTO sales.leads l USING public.accounts a ON a.id = l.id WHEN MATCHED THEN DELETE
