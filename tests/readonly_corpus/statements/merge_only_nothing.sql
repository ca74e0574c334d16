-- refused: a statement that writes, defines, instructs or tells others: merge only nothing
-- from: R7

MERGE INTO sales.leads l USING (VALUES (1)) v (id) ON l.id = v.id WHEN MATCHED THEN DO NOTHING
