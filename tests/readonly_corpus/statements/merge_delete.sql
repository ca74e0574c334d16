-- refused: a statement that writes, defines, instructs or tells others: merge delete
-- from: R7

MERGE INTO sales.leads l USING (VALUES (1)) v (id) ON l.id = v.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN DO NOTHING
