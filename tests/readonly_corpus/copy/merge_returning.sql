-- refused: COPY: MERGE with RETURNING
-- since: 17
-- from: R7

COPY (MERGE INTO sales.leads l USING public.accounts a ON a.id = l.id WHEN MATCHED THEN DELETE RETURNING 1) TO STDOUT
