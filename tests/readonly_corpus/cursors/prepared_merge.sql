-- refused: cursors: MERGE may be prepared

PREPARE p AS MERGE INTO sales.leads l USING public.accounts a ON a.id = l.id WHEN MATCHED THEN DELETE
-- next message
EXECUTE p
